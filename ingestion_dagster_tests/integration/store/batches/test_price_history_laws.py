"""The catalogue against a small model of it, over random sequences of loads: items, history, absences, prices as of.

One database and one connection for all sequences; each has a supplier of its own. Staging and merging are the
product's, the rows are made here, so that a sequence takes milliseconds.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.rows.types import ItemRow, RowReject
from ingestion_dagster.store.batches import batches, snapshots, staging
from ingestion_dagster.store.batches import merge as items
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database, Limits, engine_for

GRACE = 2
Money = tuple[Decimal, str | None]
Line = tuple[Decimal, str | None, int]
"""Price, currency, stock."""

skus = st.sampled_from("ABCD")
lines = st.tuples(
    st.sampled_from([Decimal(1), Decimal(2), Decimal("2.5")]), st.sampled_from(["EUR", "USD", None]), st.integers(0, 1)
)


@dataclass
class Known:
    """One item as the model knows it."""

    line: Line
    history: list[tuple[datetime, Money, int]]
    missing_loads: int = 0
    absences: list[list[datetime | None]] = field(default_factory=list)

    @property
    def active(self) -> bool:
        return self.missing_loads < GRACE

    def price_at(self, moment: datetime) -> Money | None:
        told = [money for at, money, _ in self.history if at <= moment]
        return told[-1] if told else None

    def missing_at(self, moment: datetime) -> bool:
        return any(gone <= moment and (back is None or back > moment) for gone, back in self.absences if gone)


class Running:
    """A loop and a database for the whole module."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = Database(engine_for(url), Limits())

    def __call__(self, work: Callable[[AsyncConnection], Coroutine[Any, Any, Any]]) -> Any:
        async def _work() -> Any:
            async with self.database.transaction() as connection:
                return await work(connection)

        return self.loop.run_until_complete(_work())

    def close(self) -> None:
        self.loop.run_until_complete(self.database.engine.dispose())
        self.loop.close()


numbers = count(1)


ITEMS = """
SELECT supplier_sku, current_price, currency, stock::int, missing_since IS NOT NULL, missing_loads, active
FROM supplier_items WHERE supplier_id = :id
"""
HISTORY = """
SELECT i.supplier_sku, h.recorded_at, h.price, h.currency, h.batch_id FROM price_history h
JOIN supplier_items i ON i.id = h.supplier_item_id WHERE i.supplier_id = :id ORDER BY h.id
"""
RANGES = """
SELECT i.supplier_sku, v.valid_from, v.valid_to FROM price_validity v
JOIN supplier_items i ON i.id = v.supplier_item_id WHERE i.supplier_id = :id ORDER BY 1, 2
"""


class Loads(RuleBasedStateMachine):
    """Whole lists, some rows rejected; held and approved later, rejected, or overtaken."""

    run: Running

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Known] = {}
        self.listed: dict[str, Line] = {}
        self.waiting: list[tuple[int, dict[str, Line], set[str]]] = []
        self.moments: list[datetime] = []
        self.last_applied = self.looked_at = 0

    @initialize()
    def register(self) -> None:
        key = f"s{next(numbers)}"
        self.supplier = self.run(lambda c: suppliers.register(c, key, key, "csv", {"file_path": "x.csv"}))

    @rule(sku=skus, line=lines)
    def write_a_row(self, sku: str, line: Line) -> None:
        self.listed[sku] = line

    @rule(sku=skus)
    def delete_a_row(self, sku: str) -> None:
        self.listed.pop(sku, None)

    @rule(rejected=st.sets(skus, max_size=1))
    def load(self, rejected: set[str]) -> None:
        self.apply(*self.stage(rejected))

    @rule(line=lines)
    def replace_the_list_and_load_it(self, line: Line) -> None:
        self.listed = {"A": line, "B": line}
        self.apply(*self.stage(set()))

    @rule(rejected=st.sets(skus, max_size=1))
    def hold(self, rejected: set[str]) -> None:
        staged = self.stage(rejected)
        self.run(lambda c: batches.move(c, staged[0], "held", "guards", "test"))
        self.waiting.append(staged)

    @rule(which=st.integers(0, 3), approved=st.booleans())
    def decide(self, which: int, approved: bool) -> None:
        if not self.waiting:
            return
        batch, listed, rejected = self.waiting.pop(which % len(self.waiting))
        if not approved:
            self.run(lambda c: batches.move(c, batch, "rejected", "ann", "no"))
        elif batch < self.last_applied:
            with pytest.raises(Exception, match="overtaken"):
                self.run(lambda c: items.merge(c, batch, GRACE))
        else:
            self.run(lambda c: batches.move(c, batch, "approved", "ann", "yes"))
            self.apply(batch, listed, rejected)

    def stage(self, rejected: set[str]) -> tuple[int, dict[str, Line], set[str]]:
        listed = {sku: line for sku, line in self.listed.items() if sku not in rejected}
        bad = rejected & self.listed.keys()

        async def _stage(connection: AsyncConnection) -> int:
            sha = f"{next(numbers):064x}"
            snapshot = await snapshots.record(connection, self.supplier.id, sha, "x", 1, "x.csv", {})
            batch = await batches.open_batch(connection, self.supplier.id, snapshot, "t", None, sha)
            log = staging.RejectLog(self.run.database, "t", self.supplier.id, batch)
            outcomes = [*(_item(sku, line) for sku, line in listed.items()), *(_reject(sku) for sku in sorted(bad))]
            counts = await staging.stage_rows(connection, batch, outcomes, log)
            await batches.record_counts(connection, batch, counts.items, counts.rejects, 0, {})
            return batch

        return self.run(_stage), listed, bad

    def apply(self, batch: int, listed: dict[str, Line], rejected: set[str]) -> None:
        counts, moment = self.merge(batch)
        self.moments.append(moment)
        self.last_applied = batch
        inserted = [sku for sku in listed if sku not in self.model]
        updated = [sku for sku in listed if sku in self.model and _differs(self.model[sku], listed[sku])]
        gone = [s for s, known in self.model.items() if s not in listed and s not in rejected and known.active]
        told = (counts.inserted, counts.updated, counts.unchanged, counts.missing)
        assert told == (len(inserted), len(updated), len(listed) - len(inserted) - len(updated), len(gone))
        for sku, line in listed.items():
            self.see(sku, line, moment, batch)
        for sku in gone:
            self.miss(sku, moment)

    def merge(self, batch: int) -> tuple[items.MergeCounts, datetime]:
        """With the moment that everything in it is recorded at."""

        async def _merge(connection: AsyncConnection) -> tuple[items.MergeCounts, datetime]:
            counts = await items.merge(connection, batch, GRACE)
            seen = text("SELECT last_seen_at FROM suppliers WHERE id = :id")
            return counts, (await connection.execute(seen, {"id": self.supplier.id})).scalar_one()

        merged: tuple[items.MergeCounts, datetime] = self.run(_merge)
        return merged

    def see(self, sku: str, line: Line, moment: datetime, batch: int) -> None:
        known = self.model.setdefault(sku, Known(line, []))
        if not known.history or known.history[-1][1] != line[:2]:
            known.history.append((moment, line[:2], batch))
        known.line, known.missing_loads = line, 0
        if known.absences and known.absences[-1][1] is None:
            known.absences[-1][1] = moment

    def miss(self, sku: str, moment: datetime) -> None:
        known = self.model[sku]
        known.missing_loads += 1
        if known.missing_loads == 1:
            known.absences.append([moment, None])

    @invariant()
    def the_catalogue_is_that_of_the_model(self) -> None:
        if self.looked_at == self.last_applied:
            return
        self.looked_at = self.last_applied
        stored, history, ranges = self.run(self.everything)
        self.items_are_those_of_the_model(stored)
        told = [(s, at, *money, batch) for s, known in self.model.items() for at, money, batch in known.history]
        assert sorted(history, key=repr) == sorted(told, key=repr)
        for (sku, _, end), (later, start, _) in pairwise(ranges):
            assert end == (start if sku == later else None), "ranges touch, and each item's last one is open"
        assert not ranges or ranges[-1][2] is None

    def items_are_those_of_the_model(self, stored: list[tuple[Any, ...]]) -> None:
        expected = {
            (sku, *known.line, known.missing_loads > 0, known.missing_loads, known.active)
            for sku, known in self.model.items()
        }
        assert set(stored) == expected
        assert len(stored) == len(expected)

    async def everything(self, connection: AsyncConnection) -> list[list[tuple[Any, ...]]]:
        found = []
        for statement in (ITEMS, HISTORY, RANGES):
            rows = await connection.execute(text(statement), {"id": self.supplier.id})
            found.append([tuple(row) for row in rows])
        return found

    def teardown(self) -> None:
        """Every price, and whether it was listed, at each moment there was."""
        for moment in self.moments[-4:]:
            stored = self.select(
                "SELECT supplier_sku, price, currency, missing FROM prices_as_of(:moment) WHERE supplier_id = :id",
                moment=moment,
            )
            expected = {
                (sku, *money, known.missing_at(moment))
                for sku, known in self.model.items()
                if (money := known.price_at(moment)) is not None
            }
            assert set(stored) == expected

    def select(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async def _select(connection: AsyncConnection) -> list[tuple[Any, ...]]:
            rows = await connection.execute(text(statement), {"id": self.supplier.id, **values})
            return [tuple(row) for row in rows]

        found: list[tuple[Any, ...]] = self.run(_select)
        return found


def _differs(known: Known, line: Line) -> bool:
    return known.line != line or known.missing_loads > 0


def _item(sku: str, line: Line) -> ItemRow:
    values = dict.fromkeys(("barcode", "brand", "category", "unit", "description", "url_image"))
    price, currency, stock = line
    return ItemRow(
        row_number=ord(sku), supplier_sku=sku, name=f"Item {sku}", price=price, currency=currency, stock=stock,
        characteristics="{}", price_column=2, **values,
    )  # fmt: skip


def _reject(sku: str) -> RowReject:
    return RowReject(ord(sku), 2, "price", "on_request", "call us", "call", "{}", supplier_sku=sku)


@pytest.fixture
def running(database_url: str) -> Iterator[Running]:
    made = Running(database_url)
    yield made
    made.close()


@pytest.mark.timeout(240)
def test_any_sequence_of_loads_leaves_what_a_small_model_says(running: Running) -> None:
    Loads.run = running
    run_state_machine_as_test(
        Loads,
        settings=settings(
            max_examples=120,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            print_blob=True,
        ),
    )
