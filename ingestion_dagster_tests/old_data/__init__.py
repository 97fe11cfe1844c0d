"""What an older version stored. How it was made is in README.md; what must still work with it is in `e2e/`."""
