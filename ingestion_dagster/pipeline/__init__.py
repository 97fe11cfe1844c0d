"""The four steps of a load, called as their ops: fetch, map, validate, upsert; and what they share. No Dagster."""
