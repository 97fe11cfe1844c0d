"""A refresh of suppliers through the queue's record: what is asked, what is noted as seen, what Drive cannot know."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import redis

from ingestion_dagster.services.refresh import Refreshed, refresh
from ingestion_dagster.store.catalogue import drive_states, suppliers
from ingestion_dagster.store.database import Database
from ingestion_dagster_tests.fake_google import FakeCell, FakeGoogle, FakeTab, Fault, serve
from ingestion_dagster_tests.integration.defined import definitions_at
from ingestion_dagster_tests.integration.google_shop import GoogleShop, document, key_of, rows_of

LATER = "2026-02-01T00:00:00.000Z"
NAMES = ("acme", "beta", "imports")


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    imported = rows_of()
    imported[1][2] = FakeCell(5.0, formula='=IMPORTRANGE("1other","A1")')
    tabs = [FakeTab("Prices", rows_of()), FakeTab("Other", rows_of(9, 0.75), gid=7)]
    with serve([document("acme", *tabs), document("beta"), document("imports", FakeTab("P", imported))]) as running:
        yield running


class Refreshing(GoogleShop):
    """A shop that answers the queue's messages itself."""

    moments = 0

    def refresh(self, everything: bool = False) -> Refreshed:
        type(self).moments += 1
        return asyncio.run(refresh(self.deployment, f"moment{self.moments}", everything=everything))

    def messages(self) -> list[dict[str, str]]:
        """What the queue holds, taken off it."""
        with redis.Redis.from_url(self.deployment.redis_url) as client:
            found = [json.loads(raw) for raw in client.lrange("ingestion:queue", 0, -1)[::-1]]
            client.delete("ingestion:queue")
            return found

    def refresh_and_load(self) -> Refreshed:
        done = self.refresh()
        assert [message["supplier"] for message in self.messages()] == list(done.asked)
        for key in done.asked:
            self.load(key)
        return done


@pytest.fixture
def shop(google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path) -> Refreshing:
    made = Refreshing(google, database_url, redis_url, tmp_path)
    made.register(*NAMES)
    made.register("acme", source={"gid": 0})
    assert made.refresh_and_load() == Refreshed(NAMES)
    return made


def test_only_edited_sheets_and_those_that_change_unedited_are_asked_of_the_queue(
    shop: Refreshing, google: FakeGoogle
) -> None:
    assert shop.refresh_and_load() == Refreshed(("imports",), ("acme", "beta"))
    google.documents[key_of("beta")].edit(0, 1, 2, 4.5)
    google.forget()
    assert shop.refresh_and_load() == Refreshed(("beta", "imports"), ("acme",))
    assert google.log.count("drive.files.list") == 1
    assert google.reads() == 2
    assert shop.prices("beta")["00101"] == "4.5"


def test_a_list_that_nobody_edited_counts_as_seen(shop: Refreshing) -> None:
    seen = "SELECT last_seen_at, last_batch_id FROM suppliers WHERE key = 'acme'"
    [(before, batch)] = shop.sql(seen)
    shop.refresh()
    [(after, same)] = shop.sql(seen)
    assert after > before
    assert same == batch
    states = shop.sql(
        "SELECT b.state FROM ingestion_batches b JOIN suppliers s ON s.id = b.supplier_id AND s.key = 'acme'"
    )
    assert states == [("applied",), ("unchanged",)]


def test_messages_carry_the_moment_so_that_a_repeated_refresh_has_no_second_effect(shop: Refreshing) -> None:
    shop.messages()
    for _ in range(2):
        asyncio.run(refresh(shop.deployment, "20261123T050000Z"))
    assert shop.messages() == [{"task_id": "refresh-20261123T050000Z-imports", "supplier": "imports"}] * 2


def test_everything_is_asked_where_a_person_wants_it(shop: Refreshing) -> None:
    assert shop.refresh(everything=True).asked == NAMES


def test_an_edit_between_the_listing_and_the_read_costs_one_more_read_and_loses_nothing(
    shop: Refreshing, google: FakeGoogle
) -> None:
    google.documents[key_of("acme")].edit(0, 1, 2, 4.0)
    assert "acme" in shop.refresh().asked
    google.documents[key_of("acme")].edit(0, 1, 2, 4.25)
    shop.load("acme")
    assert shop.prices("acme")["00101"] == "4.25"
    assert "acme" in shop.refresh().asked


def test_a_listing_during_a_read_does_not_hide_an_edit(shop: Refreshing, google: FakeGoogle) -> None:
    """While the sheet is read it is edited and listed by another refresh; only then is the read recorded."""
    google.documents[key_of("acme")].edit(0, 1, 2, 4.0)
    shop.refresh()
    done = False

    def meanwhile(path: str) -> None:
        nonlocal done
        if "/drive/" not in path and "/v4/" in path and not done:
            done = True
            shop.deployment.run(_list_again)

    google.before = meanwhile
    shop.load("acme")
    google.before = None
    assert done
    google.documents[key_of("acme")].edit(0, 1, 2, 4.75, LATER)
    google.documents[key_of("acme")].version = 99
    assert "acme" in shop.refresh().asked


async def _list_again(database: Database) -> None:
    async with database.transaction() as connection:
        acme = await suppliers.by_key(connection, "acme")
        newer = {"document": key_of("acme"), "tab": 0, "modified_time": LATER, "version": "99"}
        await drive_states.note_listing(connection, [(acme.id, newer)])


def test_another_tab_or_other_settings_are_read_although_nobody_edited_the_sheet(shop: Refreshing) -> None:
    shop.register("acme", source={"gid": 7})
    shop.register("beta", price_scale=4)
    assert shop.refresh_and_load() == Refreshed(NAMES)
    assert len(shop.prices("acme")) == 9


def test_a_held_list_that_nobody_edited_is_not_read_again(shop: Refreshing, google: FakeGoogle) -> None:
    for row in range(1, 9):
        google.documents[key_of("acme")].edit(0, row, 2, 1000.0 * row)
    shop.refresh()
    assert shop.load("acme").status == "held"
    assert shop.refresh() == Refreshed(("imports",), ("beta",), ("acme",))


def test_where_drive_cannot_be_asked_every_list_is_read(shop: Refreshing, google: FakeGoogle) -> None:
    google.forget()
    google.faults.add_for_ever(Fault.FORBIDDEN, 1)
    done = shop.refresh()
    assert done.asked == NAMES
    assert "every list is read" in str(done.trouble)


def test_a_sheet_that_drive_does_not_list_is_read(shop: Refreshing, google: FakeGoogle) -> None:
    google.documents[key_of("acme")].shared = False
    assert "acme" in shop.refresh().asked


def test_paused_suppliers_are_left_alone_and_files_are_asked_without_google(
    shop: Refreshing, google: FakeGoogle
) -> None:
    shop.sql("UPDATE suppliers SET active = false WHERE key = 'acme'")
    shop.sql("UPDATE suppliers SET source_type = 'csv', source = '{\"file_path\": \"x.csv\"}' WHERE key <> 'acme'")
    google.forget()
    assert shop.refresh() == Refreshed(("beta", "imports"))
    assert google.log == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")
def test_the_scheduled_job_asks_in_an_op_and_shows_what_is_unchanged(shop: Refreshing, google: FakeGoogle) -> None:
    definitions = definitions_at(shop.deployment)
    schedule = definitions.resolve_schedule_def("refresh_all_suppliers")
    google.forget()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance, scheduled_execution_time=_five_in_the_morning())
        [request] = schedule.evaluate_tick(context).run_requests
        assert google.log == []  # nobody asks Google in a schedule function
        job = definitions.resolve_job_def("refresh_suppliers")
        done = job.execute_in_process(instance=instance, run_config=request.run_config)
        assert done.success
        records = instance.fetch_observations(dg.AssetKey("supplier_sheet"), limit=10).records
        assert {record.partition_key for record in records} == {"acme", "beta"}
    assert [m["task_id"] for m in shop.messages()] == ["refresh-20261123T050000Z-imports"]
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def _five_in_the_morning() -> datetime:
    return datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_a_source_without_an_address_is_asked_and_told_by_its_own_load(shop: Refreshing) -> None:
    shop.register("broken", source={"sheet_url": "https://evil.example/d/x"})
    assert "broken" in shop.refresh().asked
