"""Which rows of a list are wrong, what became of earlier mistakes, and what is written beside them. Writes no file."""
