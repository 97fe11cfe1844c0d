"""Bytes in: where a sheet comes from and how its container is opened. No Dagster, no SQL, no Redis."""
