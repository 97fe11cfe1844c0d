"""One battle: messages go in, processes and servers are killed, and in the end every message is counted."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import redis

from ingestion_dagster_tests.chaos.crashes import RUN_POINTS, SENSOR_POINTS, hits_in
from ingestion_dagster_tests.chaos.runs import RunStorage
from ingestion_dagster_tests.chaos.servers import Servers
from ingestion_dagster_tests.chaos.workers import Field, run_worker, sensor

SUPPLIERS = 40
_fork = multiprocessing.get_context("fork")  # the workers' imports are done once, here


@dataclass
class Plan:
    """What is done to the system."""

    messages: int
    seed: int
    hits: int = 0
    """Aimed crashes at each point."""
    points: tuple[str, ...] = SENSOR_POINTS + RUN_POINTS
    server_kills: int = 0
    random_kills: int = 0
    patience: float = 240.0
    sensors: int = 1
    run_workers: int = 3
    backlog: int = 25
    """Messages sent in one go; with `patient` only while fewer are open."""
    patient: bool = False


@dataclass
class Report:
    """What came of it."""

    sent: int = 0
    resent: int = 0
    lost: int = 0
    doubled: int = 0
    given_up: int = 0
    unfinished: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __str__(self) -> str:
        killed = ", ".join(f"{count} {what}" for what, count in sorted(self.kills.items()))
        return (
            f"{self.sent} messages ({self.resent} sent twice), killed: {killed or 'nothing'}; lost {self.lost},"
            f" doubled {self.doubled}, given up {self.given_up}, unfinished {self.unfinished}; {self.seconds:.0f} s"
        )


class Battle:
    """Keeps the workers alive, aims the next crash, kills servers, sends messages."""

    def __init__(self, servers: Servers, place: Field, plan: Plan) -> None:
        self.servers, self.deployment, self.plan = servers, place, plan
        self.chance = random.Random(plan.seed)
        self.report = Report()
        self.workers: dict[int, tuple[Any, str]] = {}
        self.acked: list[str] = []
        self.storage = RunStorage(place.runs_url)
        self.server_kills_left, self.random_kills_left = plan.server_kills, plan.random_kills
        self.mourned: list[int] = []

    def fight(self) -> Report:
        """Until every message is finished or patience is at its end."""
        started = time.monotonic()
        try:
            while not self._over() and time.monotonic() - started < self.plan.patience:
                self._keep_workers()
                if self._sends() and not (self.plan.patient and self._open() >= self.plan.backlog):
                    missing = self.plan.messages - len(self.acked)
                    # Beyond the plan only as many as keep the system going; a backlog would have to be worked off.
                    self._send(min(self.plan.backlog, missing) if missing > 0 else 5 * (self._open() < 30))
                self._harm(time.monotonic() - started)
                time.sleep(0.03)
        finally:
            self._stop()
        self.report.seconds = time.monotonic() - started
        self._count()
        return self.report

    def _keep_workers(self) -> None:
        for pid, (process, kind) in list(self.workers.items()):
            if process.is_alive():
                continue
            process.join()
            del self.workers[pid]
            self.report.kills[kind] += 1
            if kind == "run" and self.chance.random() < 0.7:  # else its machine is gone, and nobody tells Dagster
                self.mourned.append(pid)
        for pid in list(self.mourned):
            if _survives(lambda pid=pid: self.storage.worker_died(pid)):  # type: ignore[misc]
                self.mourned.remove(pid)
        wanted = {"sensor": self.plan.sensors, "run": self.plan.run_workers}
        for kind, count in wanted.items():
            for _ in range(count - sum(1 for _, known in self.workers.values() if known == kind)):
                self._start(kind)

    def _start(self, kind: str) -> None:
        """With an aim at the point that was hit least, as long as one needs hits."""
        hits = hits_in(self.deployment.hits)
        of_kind = [point for point in self.plan.points if point in (SENSOR_POINTS if kind == "sensor" else RUN_POINTS)]
        needed = [point for point in of_kind if hits[point] < self.plan.hits]
        point = self.chance.choice(needed) if needed else None
        target = sensor if kind == "sensor" else run_worker
        process = _fork.Process(target=target, args=(self.deployment, point, self.chance.randint(1, 2)), daemon=True)
        process.start()
        assert process.pid is not None
        self.workers[process.pid] = (process, kind)

    def _send(self, count: int) -> None:
        """A producer: sends again what it got no answer for, and now and then what it did get one for."""
        with redis.Redis.from_url(self.servers_redis, socket_timeout=2) as client:
            for _ in range(count):
                name = f"m-{len(self.acked)}"
                message = self._message(name)
                if not _sent(client, message):
                    self.report.resent += 1
                    return
                if self.chance.random() < 0.03:
                    self.report.resent += _sent(client, message)
                if self.chance.random() < 0.02:
                    _sent(client, b'{"broken')
                self.acked.append(name)

    @property
    def servers_redis(self) -> str:
        return self.deployment.redis_url

    def _message(self, name: str) -> bytes:
        supplier = f"s{int(name[2:]) % SUPPLIERS}"
        config = {"file_path": f"{supplier}.csv", "sheet_name": name}
        known = {"task_id": name, "supplier_name": supplier, "parser_type": "csv", "source_config": config}
        return json.dumps(known | {"max_retries": 100}).encode()

    def _harm(self, elapsed: float) -> None:
        """Servers and processes at random moments, spread over the battle."""
        if self.server_kills_left and self.chance.random() < 0.02:
            self.server_kills_left -= 1
            if self.chance.random() < 0.6:
                self.servers.kill_valkey()
                time.sleep(self.chance.random() * 0.3)
                self.servers.start_valkey()
                self.report.kills["redis"] += 1
            else:
                self.servers.kill_postgres()
                time.sleep(self.chance.random() * 0.3)
                self.servers.start_postgres()
                self.report.kills["postgres"] += 1
        if self.random_kills_left and self.workers and self.chance.random() < 0.1:
            self.random_kills_left -= 1
            os.kill(self.chance.choice(list(self.workers)), signal.SIGKILL)

    def _over(self) -> bool:
        return not self._sends() and self._open() == 0

    def _sends(self) -> bool:
        """More messages than planned keep the system going until every point was hit and every server killed."""
        hits = hits_in(self.deployment.hits)
        return (
            len(self.acked) < self.plan.messages
            or bool(self.server_kills_left)
            or any(hits[point] < self.plan.hits for point in self.plan.points)
        )

    def _open(self) -> int:
        try:
            with redis.Redis.from_url(self.servers_redis, socket_timeout=2) as client:
                waiting = client.llen("ingestion:queue") + client.zcard("ingestion:processing")
            return int(waiting) + int(self._sql("SELECT count(*) FROM ingestion_requests WHERE state IN"
                                                " ('pending', 'leased', 'retry_wait')")[0][0])  # fmt: skip
        except (redis.RedisError, psycopg2.Error):
            return 1

    def _sql(self, statement: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.deployment.database_url, connect_timeout=3)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()

    def _stop(self) -> None:
        for pid in self.workers:
            os.kill(pid, signal.SIGKILL)
        for process, _ in self.workers.values():
            process.join()

    def _count(self) -> None:
        effects = Counter(dict(self._sql("SELECT message, count(*) FROM effects GROUP BY message")))
        known = self._sql("SELECT payload -> 'source_config' ->> 'sheet_name', state FROM ingestion_requests"
                          " WHERE payload IS NOT NULL")  # fmt: skip
        open_now = {name for name, state in known if state in ("pending", "leased", "retry_wait")}
        dead = {name for name, state in known if state == "dead"}
        with redis.Redis.from_url(self.servers_redis) as client:
            raw = [*client.lrange("ingestion:queue", 0, -1), *client.hvals("ingestion:payload")]
        open_now |= {json.loads(one)["source_config"]["sheet_name"] for one in raw if b"sheet_name" in one}
        self.report.sent = len(self.acked)
        self.report.hits = hits_in(self.deployment.hits)
        self.report.doubled = sum(1 for count in effects.values() if count > 1)
        missing = [name for name in self.acked if not effects[name]]
        self.report.given_up = sum(1 for name in missing if name in dead)
        self.report.unfinished = sum(1 for name in missing if name in open_now)
        self.report.lost = len([name for name in missing if name not in dead and name not in open_now])


def _sent(client: redis.Redis, message: bytes) -> bool:
    return _survives(lambda: client.lpush("ingestion:queue", message))


def _survives(act: Callable[[], Any]) -> bool:
    """Whether it worked; a server may be away."""
    try:
        act()
    except (redis.RedisError, psycopg2.Error, OSError):
        return False
    return True
