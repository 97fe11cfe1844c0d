"""What stands before Dagster's UI: which requests are let through, and Dagster's own web application behind that.

No pages of our own, no login; what the pages show is made in `defs/metadata.py`.
"""
