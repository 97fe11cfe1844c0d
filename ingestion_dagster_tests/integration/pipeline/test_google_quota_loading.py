"""A request whose read gets no turn waits on the record, uses no attempt, and is not tried again inside the run."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ingestion_dagster.services import queue
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.requests import Lease
from ingestion_dagster_tests.fake_google import FakeGoogle, Fault, serve
from ingestion_dagster_tests.integration.defined import definitions_at
from ingestion_dagster_tests.integration.google_shop import GoogleShop, document

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with serve([document("acme")]) as running:
        yield running


@pytest.fixture
def shop(google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path) -> GoogleShop:
    made = GoogleShop(google, database_url, redis_url, tmp_path, google_deadline=1.0)
    made.register("acme")
    with made.deployment.mailbox() as mailbox:
        mailbox.send(json.dumps({"task_id": "t1", "supplier": "acme", "max_retries": 0}).encode())
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions("suppliers", ["acme"])
        yield made


def leased(shop: GoogleShop) -> Lease:
    async def _tick(database: Database) -> Lease:
        with shop.deployment.mailbox() as mailbox:
            done = await queue.tick(shop.deployment, mailbox, database, lambda lease: "absent")
            [lease] = done.to_start
            return lease

    shop.sql("UPDATE ingestion_requests SET not_before = now()")
    return shop.deployment.run(_tick)


def run(shop: GoogleShop, instance: dg.DagsterInstance, lease: Lease) -> dg.ExecuteInProcessResult:
    tags = {
        "ingestion/task_id": lease.task_id,
        "ingestion/request_id": str(lease.request_id),
        "ingestion/fence": str(lease.fence),
        "ingestion/attempt": str(lease.attempt),
    }
    job = definitions_at(shop.deployment).resolve_job_def("ingest_supplier")
    return job.execute_in_process(partition_key="acme", instance=instance, raise_on_error=False, tags=tags)


def state(shop: GoogleShop) -> tuple[str, str | None]:
    [found] = shop.sql("SELECT state, error_type FROM ingestion_requests")
    return found[0], found[1]


def test_waiting_for_quota_uses_no_attempt_and_no_retry_of_the_op(
    shop: GoogleShop, google: FakeGoogle, instance: dg.DagsterInstance
) -> None:
    google.quota.per_user = 0
    run_keys = set()
    for _ in range(2):
        lease = leased(shop)
        run_keys.add(lease.run_key)
        done = run(shop, instance, lease)
        assert not done.success
        assert not [event for event in done.all_events if event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY]
        assert state(shop) == ("retry_wait", "GoogleBusy")
    google.quota.per_user = 60
    asyncio.run(asyncio.sleep(0.3))  # the pause that Google asked everybody for
    lease = leased(shop)
    assert run(shop, instance, lease).success
    assert state(shop) == ("applied", None)
    assert len(run_keys | {lease.run_key}) == 3  # Dagster starts no second run under a key it knows


def test_a_fault_that_stays_uses_the_attempts_up(
    shop: GoogleShop, google: FakeGoogle, instance: dg.DagsterInstance
) -> None:
    google.faults.add_for_ever(Fault.UNAVAILABLE, 1)
    done = run(shop, instance, leased(shop))
    assert not [event for event in done.all_events if event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY]
    assert state(shop) == ("dead", "GoogleUnavailable")


def test_what_a_load_took_of_the_quota_is_on_its_materialization(
    shop: GoogleShop, instance: dg.DagsterInstance
) -> None:
    assert run(shop, instance, leased(shop)).success
    [record] = instance.fetch_materializations(dg.AssetKey("supplier_sheet"), limit=2).records
    metadata = record.asset_materialization.metadata
    assert metadata["google_reads"].value == 1
    assert metadata["google_reads_left_user"].value == 5999
    assert metadata["google_quota_wait_seconds"].value < 5
