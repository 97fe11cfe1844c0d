"""Closes in Dagster the runs whose code server is gone: a process of its own, because it imports Dagster.

`python -m ingestion_dagster.instance.lost_runs SOCKET`, under the environment of Dagster's processes. Opening the
storage for the first time, which makes its tables, happens here too. What the queue makes of such a run is decided
elsewhere.
"""

import json
import sys

import dagster as dg
from dagster._core.storage.tags import GRPC_INFO_TAG

AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def close_lost_runs(instance: dg.DagsterInstance, socket: str) -> list[str]:
    """Report as failed what the code server at `socket` had at work; the ids of those runs.

    Only to be called while there is no such server: its runs are its children and ended with it. Runs of other code
    servers, and those that a command does in its own process, are left alone. Without this they stand in Dagster as
    started, in their supplier's way, until their lease ends.
    """
    lost = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=AT_WORK)):
        run = record.dagster_run
        if json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket") == socket:
            instance.report_run_failed(run, "Its process ended with the code server.")
            lost.append(run.run_id)
    return lost


if __name__ == "__main__":
    with dg.DagsterInstance.get() as opened:
        close_lost_runs(opened, sys.argv[1])
