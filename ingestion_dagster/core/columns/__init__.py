"""Which column is which field: header words and values weighed together, and what a person or a memory says of it."""
