"""Dagster resources: thin ways to what `deployment.py` knows, and where references between ops are kept."""

import typing
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import BaseModel, Field, PrivateAttr
from upath import UPath

from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.settings import settings
from ingestion_dagster.sources.snapshot_store import cannot_write


class IngestionResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Database, queue and snapshot store as the environment names them; embedded servers run while it is open."""

    _place: Deployment | None = PrivateAttr(default=None)

    @classmethod
    def at(cls, deployment: Deployment) -> "IngestionResource":
        """A resource for a deployment that is already open (tests, the command line)."""
        made = cls()
        made._place = deployment
        return made

    @property
    def deployment(self) -> Deployment:
        """The open deployment."""
        assert self._place is not None, "the resource is used outside of an execution"
        return self._place

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["IngestionResource"]:
        """Open for one run, or for one tick of a sensor."""
        if self._place is not None:
            yield self
            return
        with open_deployment(settings()) as deployment:
            self._place = deployment
            try:
                yield self
            finally:
                self._place = None


class ReferenceIOManager(dg.UPathIOManager):
    """References between ops as JSON. Never pickles: loading a replaced pickle runs its code."""

    extension: str | None = ".json"

    def dump_to_path(self, context: dg.OutputContext, obj: BaseModel, path: UPath) -> None:
        """Write the model."""
        try:
            path.write_text(obj.model_dump_json(), encoding="utf-8")
        except OSError as error:
            raise cannot_write(str(self._base_path), error) from error

    def load_from_path(self, context: dg.InputContext, path: UPath) -> BaseModel:
        """Read the model that the op's annotation names."""
        kind = typing.cast("type[BaseModel]", context.dagster_type.typing_type)
        return kind.model_validate_json(path.read_text(encoding="utf-8"))


class ReferenceStore(dg.ConfigurableIOManagerFactory[ReferenceIOManager]):
    """Where references between ops are kept."""

    url: str = Field(
        default="",
        description="A folder, or any address that fsspec knows. Empty: as INGESTION_REFERENCE_URL says, and without it"
        " `references` of the snapshot store. The nightly sweep looks there, and not at what is named here.",
    )

    def create_io_manager(self, context: dg.InitResourceContext) -> ReferenceIOManager:
        """Made for one run."""
        return ReferenceIOManager(base_path=UPath(self.url or settings().reference_store))
