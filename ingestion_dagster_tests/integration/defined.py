"""The project's definitions on a test's own deployment."""

import warnings

import dagster as dg

from ingestion_dagster.deployment import Deployment


def definitions_at(deployment: Deployment) -> dg.Definitions:
    """Made without the warnings of Dagster 1.13, which reads pydantic's old attribute names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ingestion_dagster.definitions import build_definitions
        from ingestion_dagster.defs.resources import IngestionResource

        opened = dg.ResourceDefinition.hardcoded_resource(IngestionResource.at(deployment))
        return build_definitions({"ingestion": opened, "io_manager": dg.mem_io_manager})
