"""A held list in Dagster's UI: what a buyer sees, and the approval from there. Pictures as in `test_browser.py`."""

import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, TimeoutError, expect, sync_playwright

from ingestion_dagster_tests.e2e.conftest import Stack
from ingestion_dagster_tests.e2e.test_browser import CHROMIUM, PATIENCE, QUIET, picture
from ingestion_dagster_tests.e2e.test_browser import pytestmark as pytestmark

KEY = "held-house"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def price_list(stack: Stack, ladder: str) -> None:
    rows = [f"HH-{n:03d},Ladder with {n} steps,{n * 12.5:.2f},EUR,{n}" for n in range(4, 30)]
    rows[0] = f"HH-003,Ladder with 3 steps,{ladder},EUR,3"
    text = "Item Code,Name,Price,Currency,Stock\n" + "\n".join(rows) + "\n"
    (stack.inbox / f"{KEY}.csv").write_text(text, encoding="utf-8")


def load(stack: Stack, task: str) -> dict[str, object]:
    stack.push(
        {
            "task_id": task,
            "supplier_name": "Held House",
            "parser_type": "csv",
            "source_config": {"file_path": f"{KEY}.csv"},
        }
    )
    return stack.result(task, patience=120)


def test_a_held_list_is_seen_and_approved_in_the_ui(page: Page, stack: Stack) -> None:
    price_list(stack, "49.90")
    assert load(stack, "held-1")["status"] == "success"
    price_list(stack, "499.00")
    held = load(stack, "held-2")
    assert held["status"] == "held"
    batch = held["batch_id"]

    look_until(page, f"{stack.dagster.url}/assets/supplier_items?view=partitions&partition={KEY}", "held_because")
    picture(page, "held-supplier")
    checks = f"{stack.dagster.url}/assets/supplier_items?view=checks&checkDetail=price_jumps"
    look_until(page, checks, "a decimal point that moved")
    picture(page, "held-check")

    config = f"ops:\n  decide_batch:\n    config:\n      batch_id: {batch}\n      decision: approve\n"
    config += f"      token: {stack.sql('SELECT decision_token FROM ingestion_batches WHERE id = %s', batch)[0][0]}\n"
    config += "      note: the supplier confirmed it by telephone\n      by: ann\n"
    job = f"{stack.dagster.url}/locations/ingestion_dagster/jobs/review_batch"
    page.goto(f"{job}/playground/setup?config={quote(config)}")
    launch = page.get_by_role("button", name="Launch run", exact=False).first
    expect(launch).to_be_enabled(timeout=PATIENCE)
    picture(page, "held-approve")
    launch.click()
    assert after_approval(stack, "held-2")["status"] == "success"
    look_until(page, f"{stack.dagster.url}/assets/supplier_items?view=partitions&partition={KEY}", "approved_by")
    assert stack.sql("SELECT current_price::float FROM supplier_items WHERE supplier_sku = 'HH-003'") == [(499.0,)]


def look_until(page: Page, address: str, words: str) -> None:
    """Open the page again until it says the words: a result is published a moment before its run ends."""
    for _ in range(10):
        page.goto(address)
        try:
            page.get_by_text(words).first.wait_for(timeout=8000)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{address} never said {words!r}")


def after_approval(stack: Stack, task: str) -> dict[str, object]:
    """The request's result once it is no longer `held`."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        result = stack.result(task)
        if result["status"] != "held":
            return result
        time.sleep(0.3)
    raise AssertionError("the approval was not published")
