"""What several commands share in showing: lines, tables, JSON, the views of a batch and of an inspection. No work."""
