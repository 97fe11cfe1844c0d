"""Spreadsheet containers as rows: values, formats, hidden parts, merges, a module per format. Sandboxed."""
