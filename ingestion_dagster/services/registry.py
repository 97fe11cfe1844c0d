"""The registry sheet brought to the suppliers there are: read, compared, written in one transaction, new ones loaded.

What a row means is `core/suppliers/registry.py`, what to do about the difference `core/suppliers/registry_plan.py`. A
failed, empty or doubtful read changes nothing. Knows no Dagster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import CellError, Row, cell_address
from ingestion_dagster.core.suppliers.registry import Registry, RowProblem, SupplierSpec, parse_registry
from ingestion_dagster.core.suppliers.registry_plan import CurrentSupplier, RegistryPlan, plan_registry
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import GOOGLE_SUFFIX, fetch_google
from ingestion_dagster.services.refresh import send
from ingestion_dagster.sources.installed import source_types
from ingestion_dagster.store.catalogue import registry_rows, suppliers
from ingestion_dagster.store.database import Connection, connected


@dataclass(frozen=True, slots=True)
class RegistryOutcome:
    """What the registry sheet changed, by supplier key."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    paused: tuple[str, ...]
    unchanged: int
    problems: tuple[RowProblem, ...]
    asked: tuple[str, ...] = ()
    """Whose list is loaded now: new ones, and those whose list is elsewhere now."""

    def as_json(self) -> dict[str, Any]:
        """Rows as people count them, from 1; null where a problem is of the whole sheet."""
        names = ("added", "updated", "paused", "unchanged", "asked")
        problems = [
            {"row": problem.row + 1 if problem.row >= 0 else None, "cell": problem.cell, "message": problem.message}
            for problem in self.problems
        ]
        return {name: getattr(self, name) for name in names} | {"problems": problems}


async def sync_registry(deployment: Deployment, moment: str, *, dry_run: bool = False) -> RegistryOutcome:
    """Keep the suppliers in step with the registry sheet. `dry_run` tells what would change and writes nothing.

    Raises SourceUnavailable, SourceRejected or SheetError where the sheet cannot be read or holds no supplier; then
    nothing was changed.
    """
    rows = read_registry(deployment)
    registry = parse_registry(rows, deployment.settings.allowed_hosts, source_types())
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        await registry_rows.lock(connection)
        before = {supplier.key: supplier for supplier in await suppliers.every(connection)}
        managed = await registry_rows.managed(connection)
        plan = _careful(plan_registry([_current(s, managed) for s in before.values()], registry), rows)
        asked = _to_load(plan, before)
        if not dry_run:
            await _write(connection, deployment, plan, registry, before)
            asked = tuple(dict.fromkeys((*asked, *await registry_rows.never_asked(connection))))
    if not dry_run:
        send(deployment, f"registry-{moment}", asked)
    return RegistryOutcome(
        tuple(spec.key for spec in plan.add),
        tuple(spec.key for spec in plan.update),
        plan.pause,
        plan.unchanged,
        plan.problems,
        asked,
    )


def read_registry(deployment: Deployment) -> list[Row]:
    """The rows of the tab that the address names by its number, else of the first one that is shown."""
    from ingestion_dagster.sources.google.sheets import GoogleSource
    from ingestion_dagster.sources.google.snapshot import open_google_snapshot

    address = deployment.settings.registry_sheet
    if not address:
        raise SourceRejected(
            "there is no registry sheet: set INGESTION_REGISTRY_SHEET to its address (docs/google-access.md)"
        )
    fetched = fetch_google(deployment, GoogleSource(sheet_url=address, supplier="the registry"), "registry")
    if fetched.filename.endswith(GOOGLE_SUFFIX):
        workbook = open_google_snapshot(fetched.data)
    else:
        from ingestion_dagster.sources.open_file import open_workbook

        workbook = open_workbook(fetched.data, fetched.filename)
    shown = [sheet for sheet in workbook.sheets if not sheet.hidden] or list(workbook.sheets)
    return list(shown[0].rows())


def _careful(plan: RegistryPlan, rows: Sequence[Row]) -> RegistryPlan:
    """A cell that is still loading, or shows #REF!, may have held a supplier: then nobody is paused in this reading."""
    from dataclasses import replace

    broken = [(r, c, cell) for r, row in enumerate(rows) for c, cell in enumerate(row) if isinstance(cell, CellError)]
    if not broken or not plan.pause:
        return plan
    row, column, _ = broken[0]
    kept = ", ".join(plan.pause)
    problem = RowProblem(
        row,
        cell_address(row, column),
        f"the cell shows an error instead of a value, so nobody was paused in this reading ({kept} would have been)",
    )
    return replace(plan, pause=(), problems=(*plan.problems, problem))


def _current(supplier: Supplier, managed: frozenset[str]) -> CurrentSupplier:
    return CurrentSupplier(
        supplier.key,
        supplier.name,
        supplier.source_type,
        supplier.source,
        supplier.settings.model_dump(mode="json", exclude_unset=True),
        supplier.active,
        supplier.contact_email,
        supplier.key in managed,
    )


async def _write(
    connection: Connection,
    deployment: Deployment,
    plan: RegistryPlan,
    registry: Registry,
    before: dict[str, Supplier],
) -> None:
    for spec in (*plan.add, *plan.update):
        source_types().get(spec.source_type).checked(spec.source, deployment.allowed)
        await suppliers.register(
            connection, spec.key, spec.name, spec.source_type, spec.source, spec.settings, spec.contact_email
        )
        if not spec.active:
            await suppliers.set_active(connection, spec.key, False)
    for key in plan.pause:
        await suppliers.set_active(connection, key, False)
    written = [spec.key for spec in (*plan.add, *plan.update)]
    await registry_rows.adopt(connection, [*written, *(spec.key for spec in registry.specs if spec.key in before)])


def _to_load(plan: RegistryPlan, before: dict[str, Supplier]) -> tuple[str, ...]:
    def elsewhere(spec: SupplierSpec) -> bool:
        known = before[spec.key]
        return not known.active or (known.source_type, known.source) != (spec.source_type, spec.source)

    return tuple(spec.key for spec in (*plan.add, *filter(elsewhere, plan.update)) if spec.active)
