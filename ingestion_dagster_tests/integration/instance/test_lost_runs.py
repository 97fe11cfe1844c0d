"""Runs whose code server is gone are closed in Dagster; no other's."""

import json
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import GRPC_INFO_TAG

from ingestion_dagster.instance.lost_runs import close_lost_runs

OURS, THEIRS = "/here/run/code.sock", "/there/run/code.sock"


@dg.job
def nothing() -> None:
    """A job without ops."""


def run_of(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, socket: str | None) -> str:
    tags = {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": socket})} if socket else {}
    return instance.create_run_for_job(nothing, status=status, tags=tags).run_id


def test_only_what_the_code_server_had_at_work_is_reported_as_failed(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        status = dg.DagsterRunStatus
        lost = {run_of(instance, one, OURS) for one in (status.STARTING, status.STARTED, status.CANCELING)}
        kept = {
            run_of(instance, status.NOT_STARTED, None): status.NOT_STARTED,
            run_of(instance, status.SUCCESS, OURS): status.SUCCESS,
            run_of(instance, status.STARTED, THEIRS): status.STARTED,
            run_of(instance, status.STARTED, None): status.STARTED,  # a command's own
        }
        assert set(close_lost_runs(instance, OURS)) == lost
        found = {run.run_id: run.status for run in instance.get_runs()}
    assert found == kept | dict.fromkeys(lost, status.FAILURE)
