"""The one error of the embedded services."""

from ingestion_dagster.core.errors import DataIngestionError


class ServicesFailed(DataIngestionError):
    """The embedded PostgreSQL or Redis cannot be started here. The message says why and what else can be done."""
