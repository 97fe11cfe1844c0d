"""docs/how-to/add-a-field.md, done to a copy of the code: the new field is staged, merged, compared and shown."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.settings import CHECKOUT
from ingestion_dagster_tests.docs_pages import blocks
from ingestion_dagster_tests.integration.shop import Shop, rows_of

pytestmark = pytest.mark.timeout(240)

PAGE = CHECKOUT / "docs/how-to/add-a-field.md"
HEADER = ("SKU", "Name", "Price", "Currency", "Stock", "Lead time", "Queue")
SCRIPT = """
import json, sys
from typer.testing import CliRunner
from ingestion_dagster.cli import app
told = []
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, words)
    told.append([done.exit_code, done.stdout, repr(done.exception)])
print(json.dumps(told))
"""


def put_below(path: Path, line: str, more: str) -> None:
    """`more` below the only line of the file that begins with `line`."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(rf"^{re.escape(line)}.*\n", text, re.MULTILINE)
    assert len(found) == 1, (line, found)
    path.write_text(text.replace(found[0], found[0] + more), encoding="utf-8")


def with_the_field(copy: Path, entry: str | None = None) -> str:
    """The copy as the page says; the revision before. The migration takes the number that is next."""
    for folder in ("ingestion_dagster", "migrations"):
        shutil.copytree(CHECKOUT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    own, words, migration = (block.text for block in blocks(PAGE))
    put_below(copy / "ingestion_dagster/core/fields.py", "    url_image: ", f"    {entry or own}")
    put_below(copy / "ingestion_dagster/core/data/synonyms/en.json", ' "language": ', f" {words.strip()[1:-1]},\n")
    head = max(path.name[:4] for path in (copy / "migrations/versions").glob("[0-9]*.py"))
    migration = re.sub(r'"\d{4}", "\d{4}"', f'"{int(head) + 1:04d}", "{head}"', migration)
    (copy / f"migrations/versions/{int(head) + 1:04d}_lead_time.py").write_text(migration, encoding="utf-8")
    return head


def run(copy: Path, shop: Shop, *commands: list[str]) -> list[Any]:
    """Commands in a process that has the copy; each must succeed. JSON where a command prints it."""
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "DATABASE_URL": shop.url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "INGESTION_LOCAL_ROOT": str(shop.deployment.settings.local_root),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        env=environment, cwd=copy, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [code for code, _, _ in told] == [0] * len(commands), told
    return [json.loads(out) if "--json" in words else out for words, (_, out, _) in zip(commands, told, strict=True)]


def listed(price: float, lead: str = "2-3 weeks") -> list[list[Any]]:
    return [[*row, lead, "a"] for row in rows_of([price + n for n in range(20)])]


def held_list(shop: Shop) -> int:
    """A list in force, and one that waits for a person: every price a hundred times higher."""
    shop.load(listed(10.0), HEADER)
    shop.load(listed(1000.0), HEADER)
    ((batch,),) = shop.sql("SELECT id FROM ingestion_batches WHERE state = 'held'")
    return int(batch)


def test_the_page_is_all_that_a_new_field_takes(database_url: str, tmp_path: Path) -> None:
    shop, copy = Shop(database_url, tmp_path / "home"), tmp_path / "copy"
    shop.load(listed(1000.0), HEADER)
    other = Shop(database_url, tmp_path / "home", "beta")
    batch = held_list(other)
    assert shop.sql("SELECT characteristics ->> 'Lead time' FROM supplier_items LIMIT 1") == [("2-3 weeks",)]
    before = with_the_field(copy)

    # What waits for a person meanwhile is still what was judged; its columns stay as they were confirmed.
    other.write(listed(1000.5), HEADER)
    of_field = "SELECT lead_time, count(*) FROM supplier_items_current WHERE supplier_key = 'beta' GROUP BY 1"
    run(copy, shop, ["db", "upgrade"], ["batch", "approve", str(batch)], ["load", "beta"])
    assert shop.sql(of_field) == [(None, 20)]
    run(copy, shop, ["mapping", "confirm", "beta", "lead_time=Lead time"], ["load", "beta"])
    assert shop.sql(of_field) == [("2-3 weeks", 20)]

    # The list did not change, what is read of it did.
    again, inspected = run(
        copy, shop, ["load", "acme", "--json"], ["inspect", str(shop.inbox / "acme.csv"), "--json"]
    )  # fmt: skip
    assert again["statistics"]["updated"] == 20
    assert shop.sql("SELECT DISTINCT lead_time, characteristics::text FROM supplier_items_current") == [
        ("2-3 weeks", '{"Queue": "a"}')
    ]
    assert inspected["mapping"]["lead_time"] == 5
    assert inspected["sample"][0]["lead_time"] == "2-3 weeks"

    # A change of it alone is a change; blank is none.
    rows = listed(1000.0)
    rows[0][5], rows[1][5] = "on\\request", ""
    shop.write(rows, HEADER)
    planned, loaded = run(copy, shop, ["plan", "acme", "--json"], ["load", "acme", "--json"])
    assert {row["supplier_sku"]: row["differing"] for row in planned["changes"]} == {
        "A001": ["lead_time"],
        "A002": ["lead_time"],
    }
    assert (loaded["statistics"]["updated"], loaded["statistics"]["unchanged"]) == (2, 18)
    assert shop.sql(
        "SELECT lead_time FROM supplier_items_current WHERE supplier_key = 'acme' ORDER BY supplier_sku LIMIT 3"
    ) == [
        ("on\\request",),
        (None,),
        ("2-3 weeks",),
    ]
    run(copy, shop, ["db", "downgrade", before])
    assert not shop.sql("SELECT FROM information_schema.columns WHERE column_name = 'lead_time'")


def test_a_whole_number_is_one_entry_too_and_what_is_none_is_kept(database_url: str, tmp_path: Path) -> None:
    shop, copy = Shop(database_url, tmp_path / "home"), tmp_path / "copy"
    with_the_field(copy, "lead_time: OptionalInteger\n")
    migration = next((copy / "migrations/versions").glob("*_lead_time.py"))
    migration.write_text(migration.read_text(encoding="utf-8").replace("lead_time text", "lead_time integer"))
    rows = listed(10.0, "14")
    rows[0][5], rows[1][5] = "0", "2 weeks"
    shop.write(rows, HEADER)
    run(copy, shop, ["db", "upgrade"], ["load", "acme", "--json"])
    assert shop.sql(
        "SELECT lead_time, characteristics ->> 'lead_time_text' FROM supplier_items ORDER BY supplier_sku LIMIT 3"
    ) == [(0, None), (None, "2 weeks"), (14, None)]
