"""The domain: pure functions and plain types. No I/O, no clock, no environment, no Dagster, no SQL."""
