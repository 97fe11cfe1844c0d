"""Dagster's UI as a buyer's assistant uses it: materialize one supplier, see the result, re-load two at once.

Needs a Chromium on the machine (continuous integration installs Debian's). With SCREENSHOTS=docs/images the pictures
of the documentation are taken again.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from ingestion_dagster.samples import register_samples
from ingestion_dagster_tests.e2e.conftest import Stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run")  # fmt: skip
PATIENCE = 60_000

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install Debian's `chromium`"),
    # Playwright's event loop thread is closed by its own garbage collection.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def page(stack: Stack) -> Iterator[Page]:
    register_samples(stack.deployment)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(folder) / f"{name}.png")


def wait_for_partitions(stack: Stack) -> None:
    """The sensor makes the suppliers known to Dagster within a few seconds."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        if stack.dagster_partitions() >= {"northwind-office", "lampes-du-midi", "bristol-spares"}:
            return
        time.sleep(0.5)
    raise AssertionError("the sensor did not add the suppliers' partitions")


def choose(page: Page, stack: Stack, *suppliers: str) -> None:
    """Open the job's launch dialog and tick the suppliers."""
    page.goto(f"{stack.dagster.url}/locations/ingestion_dagster/jobs/ingest_supplier")
    page.get_by_role("button", name="Materialize all").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Select a partition or create one").click()
    for supplier in suppliers:
        page.get_by_role("menuitem").filter(has_text=supplier).first.click()
    page.keyboard.press("Escape")


def test_one_supplier_is_materialized_and_its_metadata_is_shown(page: Page, stack: Stack) -> None:
    wait_for_partitions(stack)
    choose(page, stack, "lampes-du-midi")
    picture(page, "launch-one-supplier")
    page.get_by_role("dialog").get_by_role("button", name="Launch").click()
    stack.wait_for_batches("lampes-du-midi", 1)
    page.goto(f"{stack.dagster.url}/runs")
    expect(page.get_by_text("Success").first).to_be_visible(timeout=PATIENCE)
    picture(page, "runs")
    page.goto(f"{stack.dagster.url}/assets/supplier_items?view=partitions&partition=lampes-du-midi")
    expect(page.get_by_text("prices_changed").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("inserted").first).to_be_visible(timeout=PATIENCE)
    picture(page, "supplier-partition")
    page.goto(f"{stack.dagster.url}/assets/supplier_items?view=checks")
    expect(page.get_by_text("price_jumps").first).to_be_visible(timeout=PATIENCE)
    picture(page, "checks")


def test_two_suppliers_are_loaded_by_a_backfill(page: Page, stack: Stack) -> None:
    wait_for_partitions(stack)
    choose(page, stack, "northwind-office", "bristol-spares")
    page.get_by_role("dialog").get_by_role("button", name="Launch").click()
    for supplier in ("northwind-office", "bristol-spares"):
        stack.wait_for_batches(supplier, 1)
    page.goto(f"{stack.dagster.url}/runs")
    expect(page.get_by_text("Backfill", exact=False).first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("2 partitions").first).to_be_visible(timeout=PATIENCE)
    picture(page, "backfill")
