"""A person's answer to what a sheet asked: which column is which, checked against the supplier's newest stored list and
remembered for its headers. No row is loaded here.
"""

from dataclasses import dataclass

from ingestion_dagster.core.columns.drift import remember
from ingestion_dagster.core.columns.overrides import field_named
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.fields import FIELDS
from ingestion_dagster.core.guards.rekeying import followed_key, key_title
from ingestion_dagster.core.mapped_sheet import MappedSheet, Question
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.values.currencies import is_currency
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.stored_lists import open_snapshot
from ingestion_dagster.store.batches import batches, mappings, snapshots
from ingestion_dagster.store.batches.types import BatchInForce
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import connected

BY_SETTING = ("decimal", "currency")
"""Questions about values, not columns: a setting answers them, or the approval of a list."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What is remembered now, and what is still asked."""

    mapping_id: int
    mapped: MappedSheet
    settings: dict[str, str]
    """Answers that became settings of the supplier."""
    still_open: tuple[Question, ...]
    key_before: str | None = None
    """What the items were known by so far, where the next load will give them another key."""


async def confirm(
    deployment: Deployment, key: str, answers: dict[str, str], actor: str, sheet: str | None = None
) -> Confirmed:
    """Remember the columns of the newest list: as understood, with `answers` (field -> header, letter or number).

    `decimal=,` and `currency=EUR` become settings. Raises SheetError for a field or column that is not there.
    """
    columns, settings = _sorted_out(answers)
    async with connected(deployment.database_url, deployment.limits) as database:
        async with database.transaction() as connection:
            supplier = await suppliers.by_key(connection, key)
            snapshot = await snapshots.newest(connection, key)
            known = await mappings.confirmed(connection, supplier.id)
            force = await batches.in_force(connection, supplier.id)
        told = supplier.model_copy(update={"settings": supplier.settings.model_copy(update=settings)})
        hints = told.hints()
        hints = hints.model_copy(
            update={
                "column_mapping": {**hints.column_mapping, **columns},
                "sheet_name": sheet or hints.sheet_name,
            }
        )
        mapped = understand(open_snapshot(deployment, snapshot, told), hints, known.mapping if known else None)
        if mapped.decision == "refuse":
            raise SheetError(f"the newest list of {key!r} is no price list: {' '.join(mapped.notes)}")
        async with database.transaction() as connection:
            if settings:
                await suppliers.register(
                    connection, key, supplier.name, supplier.source_type, supplier.source, settings
                )
            # Columns are answered, not prices: nobody vouches for those of a list that waits for a decision.
            kept = remember(mapped, confirmed_by=actor).model_copy(update={"price_profile": None})
            mapping_id = await mappings.keep(connection, supplier.id, kept, actor)
    left = tuple(question for question in mapped.questions if question.code in BY_SETTING)
    return Confirmed(
        mapping_id=mapping_id, mapped=mapped, settings=settings, still_open=left, key_before=_key_before(force, mapped)
    )


def _key_before(force: BatchInForce | None, mapped: MappedSheet) -> str | None:
    if force is None or force.mapping is None:
        return None
    then = MappedSheet.model_validate(force.mapping)
    same, former = followed_key(then, mapped)
    return None if same or former is None else key_title(then)


def _sorted_out(answers: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Columns by field, and settings."""
    columns: dict[str, str] = {}
    settings: dict[str, str] = {}
    for name, answer in answers.items():
        if name == "decimal":
            if answer not in (".", ","):
                raise SheetError("decimal is “.” or “,”")
            settings[name] = answer
        elif name == "currency" and len(answer) == 3 and is_currency(answer.upper()):
            settings[name] = answer.upper()
        elif not answer:
            raise SheetError(
                f"{name} needs a column: its header, its letter or its number (fields: {', '.join(FIELDS)})"
            )
        else:
            columns[field_named(name)] = answer
    return columns, settings
