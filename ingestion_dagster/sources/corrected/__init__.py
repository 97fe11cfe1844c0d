"""A supplier's list with its mistakes marked, in the supplier's own format. What is marked is decided in `core`."""
