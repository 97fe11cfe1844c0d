"""Many processes that load, plan, approve, reject and sweep the same few suppliers at once; what went wrong is printed.

python -m ingestion_dagster_tests.integration.overlapping_loads URL ROOT SECONDS PROCESSES
"""

import asyncio
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TypedDict

from ingestion_dagster.core.errors import SheetError, StaleSnapshot, StoreRejected
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services import plan as planning
from ingestion_dagster.services import retention, review
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.batches import batches
from ingestion_dagster.store.batches.types import BatchLine
from ingestion_dagster_tests.integration.shop import Shop, rows_of

SUPPLIERS = tuple(f"s{number}" for number in range(6))
EXPECTED = (StaleSnapshot, SheetError)
"""Another load was newer, or a person rejected this very list: both are said in words and change nothing."""


class Told(TypedDict):
    """What one process did, and what went wrong in it."""

    done: Counter[str]
    wrong: list[str]


def shop_at(url: str, root: Path, key: str, inbox: str) -> Shop:
    """The supplier, with an inbox of its own beside a snapshot store that all share."""
    shop = Shop.__new__(Shop)
    settings = Settings(
        local_root=root,
        inbox=root / inbox,
        snapshot_url=str(root / "snapshots"),
        snapshot_keep_last=1,
        work_keep_days=2,
    )
    shop.deployment, shop.key, shop.url = Deployment(settings, url, "redis://127.0.0.1:1/0"), key, url
    shop.inbox = settings.inbox_path
    shop.inbox.mkdir(parents=True, exist_ok=True)
    return shop


def prices(chance: random.Random) -> list[float]:
    """Mostly a few percent about the same prices; sometimes shorter, sometimes with a jump that is held."""
    made = [round((20 + n) * chance.choice((1, 1, 1, 1.02, 0.98)), 2) for n in range(chance.choice((80, 80, 76)))]
    if chance.random() < 0.15:
        made[chance.randrange(len(made))] *= 10
    return made


async def _decide(shop: Shop, chance: random.Random) -> str:
    held = [row for row in await _held(shop) if row.supplier == shop.key]
    if not held:
        return "nothing held"
    batch = chance.choice(held).id
    try:
        if chance.random() < 0.5:
            await review.approve(shop.deployment, batch, "ann", None)
            return "approved"
        await review.reject(shop.deployment, batch, "ann", None)
    except StoreRejected as error:
        if "already" not in str(error):
            raise
        return "decided by another"
    return "rejected"


async def _held(shop: Shop) -> list[BatchLine]:
    from ingestion_dagster.store.database import connected

    async with connected(shop.url) as database, database.transaction() as connection:
        return await batches.listed(connection, "held")


async def _step(shop: Shop, chance: random.Random) -> str:
    what = chance.random()
    if what < 0.1:
        return await _decide(shop, chance)
    if what < 0.13:
        await retention.sweep(shop.deployment)
        return "swept"
    shop.write(rows_of(prices(chance)))
    if what < 0.2:
        return "planned: " + (await planning.plan(shop.deployment, shop.key)).status
    return (await shop._load()).status


def _work(url: str, root: Path, end: float, number: int, told: "multiprocessing.Queue[Told]") -> None:
    chance = random.Random(number)
    done: Counter[str] = Counter()
    wrong: list[str] = []
    while time.monotonic() < end:
        shop = shop_at(url, root, chance.choice(SUPPLIERS), f"inbox{number}")
        try:
            done[asyncio.run(_step(shop, chance))] += 1
        except EXPECTED as error:
            done[type(error).__name__] += 1
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}"[:500])
    told.put({"done": done, "wrong": wrong})


def main(url: str, root: str, seconds: str, processes: str) -> None:
    """Fork the processes, wait for them, print what they did as JSON."""
    for number, key in enumerate(SUPPLIERS):
        shop_at(url, Path(root), key, "first").register(draft_products=number % 2 == 0)
    fork = multiprocessing.get_context("fork")
    told: multiprocessing.Queue[Told] = fork.Queue()
    end = time.monotonic() + float(seconds)
    workers = [fork.Process(target=_work, args=(url, Path(root), end, n, told)) for n in range(int(processes))]
    for worker in workers:
        worker.start()
    done: Counter[str] = Counter()
    wrong: list[str] = []
    for _ in workers:
        one = told.get(timeout=float(seconds) + 60)
        done.update(one["done"])
        wrong += one["wrong"]
    for worker in workers:
        worker.join()
    print(json.dumps({"done": done, "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
