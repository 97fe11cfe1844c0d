"""The sensor itself: whatever happens, a tick ends with a sentence or with run requests, never with an exception."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from ingestion_dagster.defs import sensors
from ingestion_dagster.defs.sensors import look
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services.queue import Memory
from ingestion_dagster.settings import Settings

NOWHERE = "postgresql://nobody:secret@127.0.0.1:1/none"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def deployment(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setattr(sensors, "_memory", Memory())
    return Deployment(Settings(local_root=tmp_path, sensor_wait_seconds=0), database_url, redis_url)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def evaluated(deployment: Deployment, instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
    return look(dg.build_sensor_context(instance=instance), deployment)


def sent(deployment: Deployment, task_id: str) -> None:
    config = {"file_path": "a.csv"}
    message = {"task_id": task_id, "supplier_name": "Acme", "parser_type": "csv", "source_config": config}
    with deployment.mailbox() as mailbox:
        mailbox.send(json.dumps(message).encode())


def test_a_new_suppliers_partition_comes_in_the_same_result_as_its_run(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    odd = "é/'\"🙂 " + "x" * 248
    sent(deployment, odd)
    result = evaluated(deployment, instance)
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or []
    (added,) = result.dynamic_partitions_requests or []
    assert (request.partition_key, list(added.partition_keys)) == ("acme", ["acme"])
    assert request.tags["ingestion/task_id"] == odd
    run = create_run_for_test(instance, tags=dict(request.tags))
    assert instance.get_run_records(dg.RunsFilter(tags={"ingestion/task_id": odd}))[0].dagster_run.run_id == run.run_id


def test_a_database_that_refuses_is_a_sentence(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    sent(deployment, "t1")
    result = evaluated(Deployment(deployment.settings, NOWHERE, deployment.redis_url), instance)
    assert isinstance(result, dg.SkipReason)
    assert "nothing was taken and nothing handed out" in (result.skip_message or "")
    assert "secret" not in (result.skip_message or "")
    with deployment.mailbox() as mailbox:
        assert mailbox.depth()["queue"] == 1


def test_a_redis_that_is_away_is_a_sentence(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    result = evaluated(Deployment(deployment.settings, deployment.database_url, "redis://127.0.0.1:1/0"), instance)
    assert isinstance(result, dg.SkipReason)
    assert "Redis does not answer" in (result.skip_message or "")


def test_an_unexpected_error_is_a_sentence(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    broken = Deployment(deployment.settings, deployment.database_url, "no-such-scheme://x")
    result = evaluated(broken, instance)
    assert isinstance(result, dg.SkipReason)
    assert "the tick failed: ValueError" in (result.skip_message or "")


def test_a_strict_system_takes_nothing_from_a_redis_that_may_forget(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    strict = Deployment(
        deployment.settings.model_copy(update={"strict_redis": True}), deployment.database_url, deployment.redis_url
    )
    sent(deployment, "t1")
    with deployment.mailbox() as mailbox:
        mailbox.client.config_set("appendfsync", "everysec")
        try:
            result = evaluated(strict, instance)
        finally:
            mailbox.client.config_set("appendfsync", "always")
        assert isinstance(result, dg.SkipReason)
        assert "appendfsync" in (result.skip_message or "")
        assert mailbox.depth()["queue"] == 1
    assert isinstance(evaluated(strict, instance), dg.SensorResult)


def test_a_run_past_its_lease_is_closed_in_dagster_so_that_its_supplier_is_free(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    sent(deployment, "t1")
    result = evaluated(deployment, instance)
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or []
    run = create_run_for_test(
        instance, tags={**request.tags, "dagster/run_key": str(request.run_key)}, status=dg.DagsterRunStatus.STARTED
    )

    async def _over(database: object) -> None:
        from sqlalchemy import text

        async with database.transaction() as connection:  # type: ignore[attr-defined]
            await connection.execute(text("UPDATE ingestion_requests SET lease_until = now() - interval '1 s'"))

    deployment.run(_over)
    evaluated(deployment, instance)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]
