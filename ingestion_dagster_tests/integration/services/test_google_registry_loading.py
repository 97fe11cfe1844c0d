"""The registry sheet against real suppliers: added and loaded, changed, paused, and never harmed by a bad reading."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import redis

from ingestion_dagster.core.errors import SheetError, SourceRejected, SourceUnavailable
from ingestion_dagster.core.sheets import CellError
from ingestion_dagster.services.registry import RegistryOutcome, sync_registry
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database
from ingestion_dagster_tests.fake_google import FakeGoogle, FakeTab, Fault, serve
from ingestion_dagster_tests.integration.defined import definitions_at
from ingestion_dagster_tests.integration.google_shop import GoogleShop, address_of, document, key_of

HEADER = ["name", "url", "format", "active", "notes", "currency"]


def row(name: str, active: str = "yes", **more: str) -> list[str]:
    return [name.title(), address_of(name), "", active, "call them on Mondays", more.get("currency", "")]


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    rows: list[list[Any]] = [HEADER, *(row(name) for name in ("acme", "beta", "gamma", "delta", "omega"))]
    tabs = [FakeTab("Notes", [["name", "url"], ["Old", "x"]]), FakeTab("Suppliers", rows, gid=3, row_count=50)]
    names = ("acme", "beta", "gamma", "delta", "omega", "fresh")
    with serve([document("registry", *tabs), *(document(name) for name in names)]) as running:
        yield running


class Keeper(GoogleShop):
    """A shop with a registry sheet."""

    moments = 0

    def sync(self, dry_run: bool = False) -> RegistryOutcome:
        type(self).moments += 1
        return asyncio.run(sync_registry(self.deployment, f"moment{self.moments}", dry_run=dry_run))

    @property
    def rows(self) -> list[list[Any]]:
        """Of the sheet; may be changed."""
        return self.google.documents[key_of("registry")].tabs[1].rows  # type: ignore[return-value]

    def suppliers(self) -> dict[str, bool]:
        return dict(self.sql("SELECT key, active FROM suppliers ORDER BY key"))

    def messages(self) -> list[str]:
        with redis.Redis.from_url(self.deployment.redis_url) as client:
            found = [json.loads(raw)["supplier"] for raw in client.lrange("ingestion:queue", 0, -1)[::-1]]
            client.delete("ingestion:queue")
            return found

    def add_by_command(self, key: str) -> None:
        async def _add(database: Database) -> None:
            async with database.transaction() as connection:
                await suppliers.register(connection, key, key, "csv", {"file_path": f"{key}.csv"})

        self.deployment.run(_add)


@pytest.fixture
def keeper(google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path) -> Keeper:
    made = Keeper(google, database_url, redis_url, tmp_path, registry_sheet=address_of("registry") + "/edit#gid=3")
    made.add_by_command("by-hand")
    assert made.sync().added == ("acme", "beta", "gamma", "delta", "omega")
    assert made.messages() == ["acme", "beta", "gamma", "delta", "omega"]
    return made


def test_a_second_reading_changes_nothing_once_the_lists_are_asked_for(keeper: Keeper) -> None:
    for key in ("acme", "beta", "gamma", "delta", "omega"):
        keeper.load(key)
    assert keeper.sync() == RegistryOutcome((), (), (), 5, ())
    assert keeper.messages() == []


def test_suppliers_whose_request_was_lost_on_the_way_are_asked_again(keeper: Keeper) -> None:
    keeper.load("acme")
    assert keeper.sync().asked == ("beta", "delta", "gamma", "omega")


def test_rows_add_change_and_pause_and_what_a_command_added_stays(keeper: Keeper) -> None:
    for key in ("acme", "beta", "gamma", "delta", "omega"):
        keeper.load(key)
    keeper.rows[1][5] = "USD"
    keeper.rows[2][3] = "no"
    keeper.rows[3] = ["Gamma", address_of("fresh"), "", "", "", ""]
    del keeper.rows[4]
    keeper.rows.append(["", "", "", "", "", ""])
    keeper.rows.append(row("fresh", currency="dollars"))
    done = keeper.sync()
    assert (done.added, done.updated, done.paused, done.asked) == (
        (),
        ("acme", "beta", "gamma"),
        ("delta",),
        ("gamma",),
    )
    assert keeper.suppliers() == {
        "acme": True, "beta": False, "by-hand": True, "delta": False, "gamma": True, "omega": True,
    }  # fmt: skip
    assert keeper.sql("SELECT settings FROM suppliers WHERE key = 'acme'") == [({"currency": "USD"},)]
    [problem] = done.as_json()["problems"]
    assert (problem["row"], problem["cell"]) == (7, "F7")


def test_a_supplier_that_comes_back_is_active_again_and_loaded(keeper: Keeper) -> None:
    gone = keeper.rows.pop()
    assert keeper.sync().paused == ("omega",)
    keeper.messages()
    keeper.rows.append(gone)
    assert keeper.sync().updated == ("omega",)
    assert keeper.suppliers()["omega"]
    assert "omega" in keeper.messages()


def test_a_supplier_that_was_added_by_command_is_looked_after_once_the_sheet_names_it(keeper: Keeper) -> None:
    keeper.rows.append(["by-hand", "by-hand.csv", "csv", "", "", ""])
    keeper.sync()
    keeper.rows.pop()
    assert keeper.sync().paused == ("by-hand",)


def test_a_dry_run_tells_and_writes_nothing(keeper: Keeper) -> None:
    before = keeper.suppliers()
    del keeper.rows[1]
    keeper.rows.append(row("fresh"))
    done = keeper.sync(dry_run=True)
    assert (done.added, done.paused, done.asked) == (("fresh",), ("acme",), ("fresh",))
    assert (keeper.suppliers(), keeper.messages()) == (before, [])


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.UNAVAILABLE, Fault.TRUNCATED, Fault.NOT_JSON])
def test_a_reading_that_fails_changes_nothing(keeper: Keeper, google: FakeGoogle, fault: Fault) -> None:
    before = keeper.suppliers()
    google.forget()
    google.faults.add_for_ever(fault, 0)
    with pytest.raises((SourceRejected, SourceUnavailable)):
        keeper.sync()
    assert keeper.suppliers() == before


def test_an_empty_sheet_and_one_without_most_suppliers_pause_nobody(keeper: Keeper) -> None:
    before, rows = keeper.suppliers(), list(keeper.rows)
    keeper.rows[:] = rows[:1]
    with pytest.raises(SheetError, match="not one supplier"):
        keeper.sync()
    keeper.rows[:] = rows[:2]
    done = keeper.sync()
    assert done.paused == ()
    assert "nobody was paused" in done.problems[0].message
    keeper.rows[:] = []
    with pytest.raises(SheetError, match="no header"):
        keeper.sync()
    assert keeper.suppliers() == before


def test_a_row_that_is_still_loading_pauses_nobody(keeper: Keeper) -> None:
    keeper.rows[1][0] = keeper.rows[1][1] = CellError("Loading...")
    done = keeper.sync()
    assert done.paused == ()
    assert "acme would have been" in done.problems[-1].message
    assert keeper.suppliers()["acme"]


def test_without_an_address_it_says_what_to_set(
    google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceRejected, match="INGESTION_REGISTRY_SHEET"):
        Keeper(google, database_url, redis_url, tmp_path).sync()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")
def test_the_job_shows_problems_as_a_table_and_its_schedule_is_stopped(keeper: Keeper) -> None:
    keeper.rows.append(["Nameless", "", "", "", "", ""])
    definitions = definitions_at(keeper.deployment)
    with dg.DagsterInstance.ephemeral() as instance:
        done = definitions.resolve_job_def("sync_registry").execute_in_process(instance=instance)
        [output] = [event for event in done.all_events if event.is_successful_output]
        metadata = output.step_output_data.metadata
        assert metadata["unchanged"].value == 5
        assert metadata["problems"].records[0].data["cell"] == "B7"
    assert (
        definitions.resolve_schedule_def("sync_registry_every_hour").default_status == dg.DefaultScheduleStatus.STOPPED
    )
