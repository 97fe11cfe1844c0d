"""Build hook: what stands beside the package in the checkout goes into it in the wheel, not in a development install.

The list is what `ingestion_dagster.shipped` is asked for.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Not `force-include` in pyproject.toml: that copies into site-packages for a development install as well."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds."""
        if version == "standard":
            for name in ("dagster.yaml", "migrations"):
                build_data["force_include"][name] = f"ingestion_dagster/{name}"
