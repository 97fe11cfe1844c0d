"""Twenty processes at the same few suppliers: no error, no deadlock, and a catalogue that agrees with its history.

OVERLAP_SECONDS makes it longer (`make overlap`: a minute).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster_tests.integration.overlapping_loads import SUPPLIERS, shop_at
from ingestion_dagster_tests.integration.shop import Shop

SECONDS = float(os.environ.get("OVERLAP_SECONDS", "10"))
LAST_PRICE_DIFFERS = """
SELECT count(*) FROM supplier_items item JOIN LATERAL (
    SELECT price, currency FROM price_history WHERE supplier_item_id = item.id
    ORDER BY recorded_at DESC, id DESC LIMIT 1
) last ON true WHERE (last.price, last.currency) IS DISTINCT FROM (item.current_price, item.currency)
"""
SAME_PRICE_TWICE = """
SELECT count(*) FROM (
    SELECT price, currency, lag(price) OVER w AS price_before, lag(currency) OVER w AS currency_before
    FROM price_history WINDOW w AS (PARTITION BY supplier_item_id ORDER BY recorded_at, id)
) told WHERE (price, currency) = (price_before, currency_before)
"""
APPLIED_OUT_OF_ORDER = """
SELECT count(*) FROM (
    SELECT b.snapshot_id, max(b.snapshot_id) OVER (PARTITION BY b.supplier_id ORDER BY t.id
                                                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM batch_transitions t JOIN ingestion_batches b ON b.id = t.batch_id WHERE t.to_state = 'applied'
) applied WHERE snapshot_id < before
"""
WITHOUT_ONE_PRODUCT = """
SELECT count(*) FROM supplier_items item JOIN suppliers s ON s.id = item.supplier_id
WHERE coalesce((s.settings ->> 'draft_products')::bool, false) <> (item.product_id IS NOT NULL)
"""


def overlap(url: str, root: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "ingestion_dagster_tests.integration.overlapping_loads"]
    done = subprocess.run(
        [*command, url, str(root), str(SECONDS), "20"],
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def deadlocks(shop: Shop) -> int:
    return int(shop.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0])


@pytest.mark.timeout(int(SECONDS) + 180)
def test_twenty_processes_at_six_suppliers_do_each_other_no_harm(database_url: str, tmp_path: Path) -> None:
    told = overlap(database_url, tmp_path)
    print(told["done"])
    shop = shop_at(database_url, tmp_path, SUPPLIERS[0], "look")
    assert told["wrong"] == []
    assert deadlocks(shop) == 0
    assert told["done"]["success"] >= 5
    for statement in (LAST_PRICE_DIFFERS, SAME_PRICE_TWICE, APPLIED_OUT_OF_ORDER, WITHOUT_ONE_PRODUCT):
        assert shop.sql(statement) == [(0,)], statement
    for (sha,) in shop.sql("SELECT sha256 FROM sheet_snapshots WHERE deleted_at IS NULL"):
        assert shop.deployment.snapshots.get(sha)
