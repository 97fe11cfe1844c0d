"""Counts about a staged batch beside what is stored, for the guards and for `plan`. Reads only; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.guards.facts import Before, Facts, WorstRow, question_key
from ingestion_dagster.core.guards.first_load import unit_said
from ingestion_dagster.core.mapped_sheet import MappedSheet, Question
from ingestion_dagster.core.suppliers.supplier import Thresholds
from ingestion_dagster.store.batches.facts_sql import (
    CHANGED,
    CHANGES,
    COPIED,
    COUNTED,
    IN_FORCE,
    LEVEL,
    MISSING,
    OUTLIERS,
    TOTALS,
)
from ingestion_dagster.store.batches.first_load import first_load_of, respelled
from ingestion_dagster.store.batches.types import Batch
from ingestion_dagster.store.catalogue import price_steps, rekeys
from ingestion_dagster.store.records import record, records


@dataclass(frozen=True, slots=True)
class MergeTotals:
    """Items by what a merge would do to them; one that returns is counted by its change too."""

    inserted: int
    prices: int
    other: int
    returned: int
    unchanged: int
    vanished: int


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What a merge would do to one item."""

    kind: Literal["price", "other", "insert", "vanished"]
    row_number: int | None
    supplier_sku: str
    name: str
    old_price: Decimal | None
    old_currency: str | None
    price: Decimal | None
    currency: str | None
    printed_price: Decimal | None
    """What the list prints for `price_basis` pieces; None where it prints the price of one."""
    price_basis: int | None
    percent: Decimal | None
    """Change of the price; None where the two cannot be compared."""
    differing: Sequence[str]
    """Names of the other fields that differ."""
    returns: bool


async def facts_of(
    connection: AsyncConnection,
    batch: Batch,
    limits: Thresholds,
    mapped: MappedSheet,
    expected_currency: str | None = None,
) -> Facts:
    """Everything the guards want to know about `batch`."""
    async with rekeys.as_rekeyed(connection, batch) as carried:
        facts = await _counted(connection, batch, limits, mapped, carried)
        if not facts.known and facts.staged:
            scale = mapped.price_terms.scale
            first = await first_load_of(connection, batch.id, expected_currency, scale, unit_said(mapped))
            return facts.model_copy(update={"first": first})
        return facts


async def _counted(
    connection: AsyncConnection, batch: Batch, limits: Thresholds, mapped: MappedSheet, carried: int
) -> Facts:
    rekey = rekeys.rekey_of(batch)
    parameters = _of(batch)
    await connection.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))
    counted = (await connection.execute(text(COUNTED), parameters)).one()
    changed = missing = outliers = copied = None
    spelled: tuple[int, tuple[WorstRow, ...]] = (0, ())
    if counted.changed or counted.currency_changes:
        changed = (await connection.execute(text(CHANGED), parameters | {"factor": limits.jump_factor})).one()
    if counted.changed:
        copied = (await connection.execute(text(COPIED), parameters)).first()
    if counted.absent:
        missing = (await connection.execute(text(MISSING), parameters)).one()
    if counted.matched < counted.staged:
        outliers = (await connection.execute(text(OUTLIERS), parameters | {"factor": limits.outlier_factor})).one()
        if counted.absent:
            spelled = await respelled(connection, parameters)
    level = None
    if counted.known and 2 * counted.matched < counted.staged:
        level = (await connection.execute(text(LEVEL), parameters)).scalar()
    stepped = await price_steps.jumps(connection, batch.id, batch.supplier_id, limits.jump_factor)
    report = batch.report or {}
    return Facts(
        staged=counted.staged,
        rejected=batch.rejected_rows,
        collapsed=report.get("collapsed", 0),
        duplicates=report.get("duplicates", 0),
        known=counted.known,
        missing=missing.missing if missing else 0,
        absent=counted.absent,
        matched=counted.matched,
        changed=counted.changed,
        median_change=float(changed.median_change) if changed and changed.median_change is not None else None,
        median_percent=float(changed.median_percent) if changed and changed.median_percent is not None else None,
        currencies=tuple((changed and changed.currencies) or ()),
        jumps=(changed.jumps if changed else 0) + (stepped.jumps if stepped else 0),
        currency_changes=counted.currency_changes,
        distinct_prices=counted.distinct_prices,
        distinct_before=counted.distinct_before,
        zero_prices=counted.zero_prices,
        slipped=changed.slipped if changed else 0,
        copied=copied.copied if copied else 0,
        copied_from=copied.header if copied else "",
        level=level,
        outliers=outliers.outliers if outliers else 0,
        respelled=spelled[0],
        rekey=None if rekey is None else rekey.model_copy(update={"carried": carried, "known": counted.known}),
        price_kind=mapped.qualifiers,
        before=await _before(connection, batch.supplier_id),
        worst={
            "missing": _worst(missing, "worst"),
            "outliers": _worst(outliers, "worst"),
            "respelled": spelled[1],
            **{kind: _worst(changed, f"worst_{kind}") for kind in ("changes", "currency", "slipped")},
            "jumps": (*_worst(changed, "worst_jumps"), *(stepped.worst if stepped else ()))[:5],
        },
    )


async def _before(connection: AsyncConnection, supplier_id: UUID) -> Before | None:
    row = (await connection.execute(text(IN_FORCE), {"supplier": supplier_id})).first()
    if row is None:
        return None
    return Before(
        price_kind=row.price_kind or {},
        signature=row.signature or "",
        answered=tuple(question_key(Question.model_validate(question)) for question in row.questions),
    )


def _worst(found: Row[Any] | None, column: str) -> tuple[WorstRow, ...]:
    return tuple(WorstRow.model_validate(row) for row in (found and found._mapping[column]) or ())


async def totals_of(connection: AsyncConnection, batch: Batch) -> MergeTotals:
    """What a merge of the batch would count."""
    await connection.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))
    async with rekeys.as_rekeyed(connection, batch):
        row = (await connection.execute(text(TOTALS), _of(batch))).one()
    return record(MergeTotals, row)


def _of(batch: Batch) -> dict[str, object]:
    return {"batch": batch.id, "supplier": batch.supplier_id}


async def changes_of(connection: AsyncConnection, batch: Batch, limit: int) -> list[ItemChange]:
    """What a merge of the batch would do, row by row: price changes (largest first), other changes, new, vanished.

    At most `limit` of a kind.
    """
    await connection.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))
    async with rekeys.as_rekeyed(connection, batch):
        rows = (await connection.execute(text(CHANGES), _of(batch) | {"limit": limit})).all()
    return records(ItemChange, rows)
