"""Alembic migrations of the catalogue database (never of Dagster's own)."""
