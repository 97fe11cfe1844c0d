"""Commands that look at the catalogue: products, and where a price comes from."""
