"""What Dagster's own tools see of the definitions, and where references are kept."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import dagster as dg
import pytest

from ingestion_dagster.core.steps import LoadSummary
from ingestion_dagster.core.suppliers.supplier import READER_VERSION
from ingestion_dagster.settings import CHECKOUT, Settings

DG = Path(sys.executable).parent / "dg"


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster 1.13 reads a deprecated attribute of pydantic's
        from ingestion_dagster.definitions import build_definitions

        return build_definitions()


def test_the_assets_say_whose_they_are_and_which_reader_read_them(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    sheet, items = (graph.get(dg.AssetKey(name)) for name in ("supplier_sheet", "supplier_items"))
    assert sheet.owners == items.owners == ["team:catalogue"]
    assert (sheet.tags["layer"], items.tags["layer"]) == ("received", "catalogue")
    assert sheet.tags["domain"] == items.tags["domain"] == "supplier-prices"
    assert items.code_version == READER_VERSION
    assert sheet.code_version is None, "fetching depends on no reader"


def test_dg_checks_and_lists_the_definitions(tmp_path: Path) -> None:
    """Both at once: each starts a Python that imports Dagster."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DAGSTER", "INGESTION"))}
    environment = {**clean, "HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    check, listing = (
        subprocess.Popen(
            [DG, *words], cwd=CHECKOUT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for words in (("check", "defs"), ("list", "defs", "--json"))
    )
    checked, listed = check.communicate(timeout=100), listing.communicate(timeout=100)
    assert check.returncode == 0, checked
    assert "All definitions loaded successfully." in checked[0]
    assert listing.returncode == 0, listed
    found = json.loads(listed[0])
    assert {asset["asset_key"] for asset in found["assets"]} == {"supplier_sheet", "supplier_items"}
    assert "ingest_supplier" in {job["name"] for job in found["jobs"]}


def hand_on(io_manager: dg.IOManagerDefinition | dg.ResourceDefinition) -> LoadSummary:
    """A run in which one op hands a reference to the next, through this resource."""

    @dg.op(out=dg.Out(LoadSummary))
    def give() -> LoadSummary:
        return LoadSummary(supplier_key="acme", batch_id=7, status="success")

    @dg.op(out=dg.Out(LoadSummary))
    def take(given: LoadSummary) -> LoadSummary:
        return given

    @dg.job(resource_defs={"io_manager": io_manager})
    def both() -> None:
        take(give())

    result = both.execute_in_process()
    return result.output_for_node("take")  # type: ignore[no-any-return]


@pytest.mark.parametrize("configured", [True, False])
def test_references_are_json_where_the_resource_or_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configured: bool
) -> None:
    from ingestion_dagster.defs import resources

    monkeypatch.setattr(resources, "settings", lambda: Settings(reference_url=str(tmp_path / "of the setting")))
    place = tmp_path / ("of the resource" if configured else "of the setting")
    store = resources.ReferenceStore(url=str(place) if configured else "")
    assert hand_on(store).batch_id == 7
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(path.is_relative_to(place) and json.loads(path.read_text())["batch_id"] == 7 for path in files)
