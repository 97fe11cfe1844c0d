"""Supplier price lists into PostgreSQL rows, run by Dagster. See definitions.py for the way in."""
