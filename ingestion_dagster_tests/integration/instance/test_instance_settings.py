"""dagster.yaml as Dagster reads it, on a real database."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.config import dagster_instance_config

from ingestion_dagster.instance.home import prepare_home
from ingestion_dagster.settings import Settings


@pytest.fixture
def home(tmp_path: Path, dagster_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", dagster_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return prepare_home(Settings(max_jobs=7))


def test_the_instance_stores_in_postgresql_and_takes_its_limit_of_runs_from_the_environment(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("suppliers", ["acme"])
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 7
        assert list(queue.tag_concurrency_limits) == [
            {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
        ]
        assert instance.get_concurrency_config().pool_config.default_pool_limit is None
        assert instance.run_monitoring_enabled
        assert not instance.telemetry_enabled
        assert not instance.run_retries_enabled
    with dg.DagsterInstance.get() as instance:
        assert list(instance.get_dynamic_partitions("suppliers")) == ["acme"]
    assert not list(home.glob("**/*.db")), "something is still kept in SQLite"


def test_without_a_database_in_the_environment_dagster_keeps_its_records_below_its_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_POSTGRES_URL", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    prepare_home(Settings())
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("suppliers", ["acme"])
    assert list(tmp_path.glob("**/*.db"))


def test_a_lost_machine_frees_its_supplier_and_a_waiting_tick_holds_up_nobody(home: Path) -> None:
    config, _ = dagster_instance_config(str(home))
    assert config["run_monitoring"]["max_runtime_seconds"] > 0
    assert config["run_monitoring"]["free_slots_after_run_end_seconds"] > 0
    assert config["sensors"] == {"use_threads": True, "num_workers": 4, "num_submit_workers": 4}
    assert config["run_queue"]["dequeue_interval_seconds"] == 1
