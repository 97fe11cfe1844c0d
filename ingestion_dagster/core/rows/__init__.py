"""The rows of an understood sheet: items, rejects with their cells, rows that are no items."""
