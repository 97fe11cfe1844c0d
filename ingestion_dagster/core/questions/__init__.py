"""What only a person can settle about a sheet, with examples from it. Accepting is decided in `mapping`."""
