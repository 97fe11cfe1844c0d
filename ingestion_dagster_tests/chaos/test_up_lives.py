"""A real `ingestion up` loses what it stands on, one thing after the other: it says so, and the work goes on."""

import os
import signal
import time

import psutil
import pytest

from ingestion_dagster.local.process import wait_for
from ingestion_dagster_tests.chaos.forms import Form, report
from ingestion_dagster_tests.chaos.one_up import Up, one_up

PATIENCE = 200
"""Seconds for one injury to heal, on a busy machine."""


def running(up: Up) -> bool:
    """Whether a run is at work."""
    return any("multiprocessing.spawn" in " ".join(one.cmdline()) for one in up.program("api grpc").children())


def code_server_killed(up: Up) -> None:
    """With a run at work, which ends with it."""
    up.sends("code")
    assert wait_for(lambda: running(up), 60, 0.05), up.says()
    up.program("dagster api grpc").kill()
    up.loaded(PATIENCE)
    up.waits_for("the code server was ended by SIGKILL; starting again", 10)
    up.waits_for("the code server: all is well again", PATIENCE)


def guardian_killed(up: Up) -> None:
    os.kill(up.services.guardian_pid, signal.SIGKILL)
    up.waits_for("PostgreSQL and Redis have lost their guardian; starting again", 30)
    up.sends("guardian")
    up.loaded(PATIENCE)
    up.waits_for("PostgreSQL and Redis: all is well again", 30)


def disk_filled(up: Up) -> None:
    """With messages coming in; those whose LPUSH was answered count."""
    names = [f"full{number}" for number in range(6)]
    up.delivers(*names)
    with up.full_disk():
        assert not up.writes_much(), "the disk is not full"
        for name in names:
            up.send(name)
            time.sleep(1)
    up.sends("room")
    up.loaded(PATIENCE)


def hung(up: Up, *words: str) -> None:
    process = up.program(*words)
    process.suspend()
    up.sends(f"hung{process.pid}")
    up.loaded(PATIENCE + 120)
    assert not psutil.pid_exists(process.pid)


@pytest.mark.timeout(1800)
def test_the_work_goes_on_without_code_server_guardian_and_room_on_the_disk(chosen: Form) -> None:
    took = {}
    with one_up() as up:
        family = {one.pid for one in up.family()}
        for name, injury in (("code server", code_server_killed), ("guardian", guardian_killed), ("disk", disk_filled)):
            begun = time.monotonic()
            injury(up)
            took[name] = time.monotonic() - begun
            family |= {one.pid for one in up.family()}
        for words in (("dagster api grpc",), ("dagster-daemon",))[: chosen.hangs]:
            begun = time.monotonic()
            hung(up, *words)
            took[f"{words[0]} hangs"] = time.monotonic() - begun
            family |= {one.pid for one in up.family()}
        effects = dict(up.sql("SELECT task_id, count(*) FROM ingestion_batches WHERE state = 'applied' GROUP BY 1"))
        prices = up.sql("SELECT count(*) FROM price_history")[0][0]
        assert up.process.poll() is None, up.says()
        said = up.says()
        assert up.stop() == 0
        assert wait_for(lambda: not [pid for pid in family if psutil.pid_exists(pid)], 30, 0.2), (
            "something is left running"
        )
    seconds = ", ".join(f"{name} {spent:.0f} s" for name, spent in took.items())
    report(f"`ingestion up` loses what it stands on: {len(effects)} messages, {sum(effects.values()) - len(effects)}"
           f" loaded twice, 0 lost; until all was loaded again: {seconds}")  # fmt: skip
    assert effects == dict.fromkeys(up.acknowledged, 1)
    assert prices == 20 * len(effects)
    assert "Traceback" not in said
