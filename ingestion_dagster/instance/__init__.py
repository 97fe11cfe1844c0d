"""Dagster's own home and processes: where it keeps its records, how its processes are started, asked and started again.
No definitions here.
"""
