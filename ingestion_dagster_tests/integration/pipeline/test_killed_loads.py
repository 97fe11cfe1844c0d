"""SIGKILL of a load at each of its steps: the catalogue is wholly before or wholly after, and the next load repairs."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.services import review
from ingestion_dagster_tests.integration.dying_load import POINTS
from ingestion_dagster_tests.integration.shop import Shop, rows_of

BEFORE = [10.0 + n for n in range(40)]
AFTER = [price + 0.5 if n % 3 == 0 else price for n, price in enumerate(BEFORE)]
CHANGED = sum(1 for old, new in zip(BEFORE, AFTER, strict=True) if old != new)
LOAD_POINTS = [point for point in POINTS if not point.startswith("settled")]
APPROVE_POINTS = ["merged, batch not moved", "inside the merge's last step", "settled, not committed", "committed"]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    made = Shop(database_url, tmp_path, draft_products=True)
    made.load(rows_of(BEFORE))
    return made


def killed(shop: Shop, point: str, batch: int | None = None) -> None:
    """A process that dies at the point; its rows and locks are gone when the server has noticed."""
    command = [sys.executable, "-m", "ingestion_dagster_tests.integration.dying_load"]
    arguments = [shop.url, str(shop.deployment.settings.local_root), shop.key, point, *([str(batch)] if batch else [])]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def catalogue(shop: Shop) -> list[Any]:
    return [
        [f"{price:g}" for price in shop.sql_column("SELECT trim_scale(current_price)::float8 FROM supplier_items"
                                                   " ORDER BY supplier_sku")],
        shop.sql("SELECT count(*) FROM price_history"),
        shop.sql("SELECT count(*) FROM products"),
    ]  # fmt: skip


def whole(prices: list[float], history: int, products: int = 40) -> list[Any]:
    return [[f"{price:g}" for price in prices], [(history,)], [(products,)]]


@pytest.mark.parametrize("point", LOAD_POINTS)
def test_a_killed_load_leaves_the_catalogue_whole_and_the_next_one_repairs(shop: Shop, point: str) -> None:
    shop.write(rows_of(AFTER))
    killed(shop, point)
    seen = catalogue(shop)
    assert seen == (whole(AFTER, 40 + CHANGED) if point == "committed" else whole(BEFORE, 40))
    summary = shop.load()
    assert summary.status == ("unchanged" if point == "committed" else "success")
    assert catalogue(shop) == whole(AFTER, 40 + CHANGED)
    assert shop.sql("SELECT count(*) FROM ingestion_batches WHERE state IN ('staged', 'held', 'approved')") == [(0,)]
    assert shop.sql("SELECT count(*) FROM ingestion_batches WHERE state = 'applied'") == [(2,)]


@pytest.mark.parametrize("point", APPROVE_POINTS)
def test_a_killed_approval_is_wholly_done_or_not_at_all(shop: Shop, point: str) -> None:
    jumped = [BEFORE[0] * 10, *BEFORE[1:]]
    held = shop.load(rows_of(jumped))
    shop.sql(
        "INSERT INTO ingestion_requests"
        " (task_id, verdict, supplier_id, digest, raw, state, max_retries, batch_id, result)"
        " SELECT 't', 'accepted', id, '', '', 'held', 3, :batch, '{\"status\": \"held\"}' FROM suppliers",
        batch=held.batch_id,
    )
    killed(shop, point, held.batch_id)
    if point == "committed":
        assert catalogue(shop) == whole(jumped, 41)
        with pytest.raises(StoreRejected, match="applied already"):
            asyncio.run(review.approve(shop.deployment, held.batch_id, "ann", None))
    else:
        assert catalogue(shop) == whole(BEFORE, 40)
        assert shop.sql("SELECT state FROM ingestion_requests") == [("held",)]
        asyncio.run(review.approve(shop.deployment, held.batch_id, "ann", None))
    assert catalogue(shop) == whole(jumped, 41)
    assert shop.sql("SELECT state, result ->> 'status' FROM ingestion_requests") == [("applied", "success")]
    assert shop.load().status == "unchanged"
