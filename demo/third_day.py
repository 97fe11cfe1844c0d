"""The demo's third day: a list with every price a hundred times too high, and what a buyer sees and does about it.

Nothing here is used by the product; the two days before are in `__main__.py`.
"""

import asyncio
import csv
from decimal import Decimal
from typing import Any

import orjson

from demo import catalogue
from demo.waiting import results_of
from ingestion_dagster.cli.show.output import console, print_table
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.instance.processes import Running
from ingestion_dagster.samples import FOLDER, INBOX_FOLDER, SAMPLES
from ingestion_dagster.services import review
from ingestion_dagster.store.batches import batches
from ingestion_dagster.store.batches.types import Batch
from ingestion_dagster.store.database import Database

BUYER = "the buyer"
SUPPLIER = SAMPLES[0]
NOTE = "prices in cents; asked for a new list"


def third_day(deployment: Deployment, running: Running) -> list[str]:
    """A wrong list is held and rejected, the corrected one is loaded; problems in words."""
    _say(f"Day 3: {SUPPLIER.name} sends a list in which every price is a hundred times higher: cents instead of euros.")
    held = _load(deployment, running, "demo-day3-wrong", Decimal(100))
    if held is None or held["status"] != "held":
        return [f"day 3: the wrong list was not held: {held and held['status']}"]
    batch = deployment.run(lambda database: _batch(database, int(held["batch_id"])))
    _show_held(batch, held["reasons"])
    before = catalogue.prices(deployment, SUPPLIER.key)
    _say(
        f"Nothing has changed: {_example(before)} in the catalogue. In Dagster the supplier's check price_jumps is red,"
        " an alert can\nbe mailed. The buyer looks closer, sees cents, asks the supplier for a new list, and decides:"
    )
    _command(f"ingestion batch show {batch.id}", f'ingestion batch reject {batch.id} --note "{NOTE}"')
    asyncio.run(review.reject(deployment, int(batch.id), BUYER, NOTE))
    _say(
        "Until the supplier sends another file, that note is the answer to every load of this one. `batch approve`"
        " would have taken\nexactly the rows that were judged. Now the corrected list comes, some prices 2% up:"
    )
    done = _load(deployment, running, "demo-day3-corrected", Decimal("1.02"))
    if done is None or done["status"] != "success":
        return [f"day 3: the corrected list was not loaded: {done and (done['status'], done.get('reasons'))}"]
    counts = done["statistics"]
    _say(
        f"Loaded by itself: {counts['updated']} items updated, {counts['unchanged']} unchanged;"
        f" {_example(catalogue.prices(deployment, SUPPLIER.key))}.\n"
        "No price of the wrong list was ever in the catalogue or in the history."
    )
    wrong = catalogue.wrong_prices(deployment, SUPPLIER.key)
    return [f"day 3: {wrong} prices of the wrong list are in the history"] if wrong else []


def _load(deployment: Deployment, running: Running, task_id: str, factor: Decimal) -> dict[str, Any] | None:
    """Deliver yesterday's list with its prices times `factor` (every third, where it is small) and ask for it."""
    with (FOLDER / "day2" / SUPPLIER.file).open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    price = header.index("Price")
    for number, row in enumerate(rows):
        if factor > 2 or number % 3 == 0:
            row[price] = f"{Decimal(row[price]) * factor:.2f}"
    target = deployment.settings.inbox_path / INBOX_FOLDER / SUPPLIER.file
    waiting = target.with_name(f".{SUPPLIER.file}")
    with waiting.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    waiting.replace(target)
    with deployment.mailbox() as mailbox:
        mailbox.send(orjson.dumps({"task_id": task_id, "supplier": SUPPLIER.key}))
    return results_of(deployment, running, [task_id], "day 3: 1 message on the queue").get(task_id)


def _show_held(batch: Batch, reasons: list[str]) -> None:
    print_table(f"Batch {batch.id} is held, because", ("reason",), [(reason,) for reason in reasons])
    worst: list[dict[str, Any]] = next(
        (guard["worst"] for guard in batch.guards if guard["tripped"] and guard["worst"]), []
    )
    columns = ("row", "sku", "name", "before", "now")
    rows = [(row["row_number"], row["supplier_sku"], row["name"], row["old"], row["new"]) for row in worst]
    print_table("The worst rows", columns, rows)


def _say(words: str) -> None:
    console.print(f"\n{words}", markup=False, highlight=False)


def _command(*lines: str) -> None:
    for line in lines:
        console.print(f"    {line}", markup=False, highlight=False)


def _example(prices: list[tuple[str, str]]) -> str:
    sku, price = prices[0]
    return f"{sku} costs {price}"


async def _batch(database: Database, batch_id: int) -> Batch:
    async with database.transaction() as connection:
        return await batches.get(connection, batch_id)
