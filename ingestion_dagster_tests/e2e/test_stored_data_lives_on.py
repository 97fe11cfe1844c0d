"""What an older version stored is upgraded and goes on: catalogue, kept lists, references, Dagster's home and records.

The data is that of `old_data/`. Only commands, the definitions and Dagster itself are used here.
"""

import gzip
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg2
import pytest
import redis

from ingestion_dagster.defs import sensors
from ingestion_dagster.services.queue import Memory
from ingestion_dagster.settings import settings
from ingestion_dagster_tests.conftest import new_database
from ingestion_dagster_tests.integration.cli.test_telling_commands import Terminal

OLD = Path(__file__).parents[1] / "old_data"
ITEMS = dg.AssetKey("supplier_items")

pytestmark = [
    pytest.mark.timeout(150),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning"),
]


@dataclass(frozen=True)
class Restored:
    """The older version's data on today's servers, and today's commands."""

    root: Path
    catalogue: str
    variables: dict[str, str]

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.catalogue)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def deliver(self, filename: str, *lines: str) -> None:
        (self.root / "inbox" / filename).write_text("\n".join(lines) + "\n", encoding="utf-8")


def restore(url: str, statements: str) -> None:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statements)
    finally:
        connection.close()


@pytest.fixture(scope="module")
def old(postgres_server: str, redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    root = tmp_path_factory.mktemp("old")
    with tarfile.open(OLD / "files.tar.gz") as files:
        files.extractall(root, filter="data")
    with new_database(postgres_server) as catalogue, new_database(postgres_server) as dagster:
        restore(catalogue, (OLD / "catalogue.sql").read_text(encoding="utf-8"))
        restore(dagster, gzip.decompress((OLD / "dagster.sql.gz").read_bytes()).decode())
        variables = {
            "DATABASE_URL": catalogue,
            "REDIS_URL": redis_server,
            "DAGSTER_POSTGRES_URL": dagster,
            "DAGSTER_HOME": str(root / "dagster"),
            "INGESTION_LOCAL_ROOT": str(root),
            "INGESTION_SENSOR_WAIT_SECONDS": "0",
        }
        yield Restored(root, catalogue, variables)
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()


@pytest.fixture(scope="module")
def upgraded(old: Restored) -> Restored:
    """The same after the one command that an upgrade asks for."""
    command = [str(Path(sys.executable).parent / "ingestion"), "db", "upgrade"]
    subprocess.run(command, env=os.environ | old.variables, cwd=old.root, check=True)
    return old


@pytest.fixture
def ingestion(
    upgraded: Restored, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    """Today's commands on it."""
    for name, value in upgraded.variables.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield Terminal(capsys, monkeypatch)
    settings.cache_clear()


@pytest.fixture
def instance(ingestion: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance as the older version left it, for work in this process."""
    monkeypatch.setattr(sensors, "_memory", Memory())
    with dg.DagsterInstance.get() as found:
        yield found


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    from ingestion_dagster.definitions import defs

    return defs


def answer(ingestion: Terminal, *words: str) -> Any:
    """What the command prints with `--json`; it succeeds."""
    code, found = ingestion.json(*words)
    assert code == 0, found
    return found


def newest(ingestion: Terminal, key: str) -> dict[str, Any]:
    """The supplier's newest batch."""
    found: list[dict[str, Any]] = answer(ingestion, "batch", "list", "--supplier", key)
    return found[0]


def test_dagsters_home_opens_with_its_old_file_and_has_its_records(instance: dg.DagsterInstance, old: Restored) -> None:
    assert "module: ingestion_dagster.dagster_storage" in (old.root / "dagster/dagster.yaml").read_text()
    assert not list((old.root / "dagster").glob("**/*.db")), "the records are in PostgreSQL"
    assert {"acme", "garden-tools"} <= set(instance.get_dynamic_partitions("suppliers"))
    (event,) = instance.fetch_materializations(ITEMS, limit=1).records
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["dagster/row_count"].value
    assert len(instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))) >= 10


def test_a_list_that_did_not_change_is_not_loaded_as_another_one(ingestion: Terminal) -> None:
    done = answer(ingestion, "load", "acme")
    assert done["status"] in ("unchanged", "partial_success")
    assert {name: done["statistics"][name] for name in ("successful_rows", "failed_rows")} == {
        "successful_rows": 9, "failed_rows": 1,
    }  # fmt: skip
    assert not any(done["statistics"][name] for name in ("inserted", "updated", "missing"))


def test_an_old_price_is_traced_to_its_cell_and_a_reject_to_its_reason(ingestion: Terminal) -> None:
    told = answer(ingestion, "why", "acme", "AC-02")
    assert (told["price"], told["origin"]["cell"], told["origin"]["raw"]) == ("0.85", "C3", "0.85")
    assert told["origin"]["agrees"] is True
    assert [(step["price"], step["cell"]) for step in told["history"]] == [("0.85", "C3"), ("0.70", "C3")]
    (mistake,) = answer(ingestion, "errors", "acme")["mistakes"]
    assert (mistake["cell"], mistake["code"], mistake["raw"]) == ("C6", "price_on_request", "call us")


def test_a_held_list_is_approved_exactly_as_it_was_judged(ingestion: Terminal) -> None:
    (held,) = answer(ingestion, "batch", "list", "--state", "held")
    assert ingestion("batch", "approve", str(held["id"]), "--by", "buyer", "--note", "they mean it")[0] == 0
    assert newest(ingestion, "bauhof")["state"] == "applied"
    told = answer(ingestion, "why", "bauhof", "BH-01")
    assert [step["price"] for step in told["history"]] == ["325.00", "3.25"]
    assert told["batch"]["approved_by"] == "buyer"


def test_an_answer_that_was_remembered_is_not_asked_for_again(upgraded: Restored, ingestion: Terminal) -> None:
    prices = [(n * 1.5 + 2, n * 1.35 + 2) for n in range(1, 11)]
    rows = [
        f"TW-{n:02},Thing {n},{one + (0.5 if n == 4 else 0):.2f},{two:.2f}" for n, (one, two) in enumerate(prices, 1)
    ]
    upgraded.deliver("twin.csv", "Code,Description,Price 1,Price 2", *rows)
    done = answer(ingestion, "load", "twin")
    assert done["status"] == "success"
    assert answer(ingestion, "why", "twin", "TW-04")["price"] == "8.50"


@pytest.mark.parametrize("key", ["gadgets", "garden-tools"])
def test_items_alone_are_loaded_again_from_the_kept_list_and_its_reference(
    upgraded: Restored, ingestion: Terminal, instance: dg.DagsterInstance, defs: dg.Definitions, key: str
) -> None:
    assert (upgraded.root / f"snapshots/references/supplier_sheet/{key}.json").is_file()
    (upgraded.root / "inbox/gadgets.xlsx").unlink(missing_ok=True)
    before = newest(ingestion, key)
    done = defs.resolve_job_def("reload_supplier").execute_in_process(partition_key=key, instance=instance)
    assert done.success
    batch = newest(ingestion, key)
    assert batch["id"] > before["id"]
    assert batch["state"] == "applied"
    assert [batch[name] for name in ("accepted_rows", "rejected_rows")] == [
        before[name] for name in ("accepted_rows", "rejected_rows")
    ]
    assert not any(batch[name] for name in ("inserted", "updated", "missing"))


def test_a_request_that_waited_and_one_that_was_given_up_are_taken_up(
    upgraded: Restored, ingestion: Terminal, instance: dg.DagsterInstance, defs: dg.Definitions
) -> None:
    upgraded.deliver("lost.csv", "SKU,Name,Price,Currency", *(f"L-{n},Lamp {n},{n}.50,EUR" for n in range(1, 6)))
    assert ingestion("supplier", "resume", "paper")[0] == 0
    (dead,) = answer(ingestion, "queue", "dead")
    assert ingestion("queue", "replay", str(dead["id"]))[0] == 0
    resources = {"ingestion": dict(defs.resources or {})["ingestion"]}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        tick = defs.get_repository_def().get_sensor_def("ingestion_queue")(context)
    assert isinstance(tick, dg.SensorResult), tick
    asked = tick.run_requests or ()
    assert {request.tags["ingestion/task_id"] for request in asked} == {"old-waiting", "old-dead"}
    for request in asked:
        job = defs.resolve_job_def("ingest_supplier")
        assert job.execute_in_process(
            partition_key=request.partition_key, tags=dict(request.tags), instance=instance
        ).success
    states = upgraded.sql("SELECT DISTINCT state FROM ingestion_requests WHERE task_id IN ('old-waiting', 'old-dead')")
    assert states == [("applied",)]
