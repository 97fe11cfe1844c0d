"""The reference pages against the code: settings, tables, message, result, commands, names in Dagster, decisions."""

import re
import warnings
from pathlib import Path

import dagster as dg
import psycopg2
import pytest

from ingestion_dagster.core import errors
from ingestion_dagster.core.guards.evaluate import Thresholds, evaluate
from ingestion_dagster.core.guards.facts import Facts
from ingestion_dagster.core.requests.message import SheetRequest, SourceConfig
from ingestion_dagster.core.steps import LoadSummary, result_object
from ingestion_dagster.core.suppliers.supplier import SupplierSettings
from ingestion_dagster.settings import CHECKOUT, Settings
from ingestion_dagster.store.schema import BATCH_STATES, REQUEST_STATES, metadata
from ingestion_dagster_tests.docs_pages import CLI_PAGE, blocks, cli_reference, leaves, name_of, pages, root_command

REFERENCE = CHECKOUT / "docs/reference"
HOW_TO = CHECKOUT / "docs/how-to"


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    """What Dagster loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster 1.13 reads a deprecated attribute of pydantic's
        from ingestion_dagster.definitions import defs

        return defs


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def table_rows(text: str) -> list[list[str]]:
    """Cells of every table row, without the blanks around them."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not set(line) <= set("|- ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def named_first(text: str) -> set[str]:
    """The names in code type in the first cell of every row."""
    return {name for row in table_rows(text) for name in re.findall(r"`([^`]+)`", row[0])}


def section(text: str, heading: str) -> str:
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {heading}"
    return found.group(1)


def environment_name(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    return alias.choices[0] if alias is not None else f"INGESTION_{field.upper()}"  # type: ignore[union-attr]


def as_shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def test_every_setting_is_on_its_page_with_its_default() -> None:
    shown = {
        name: row[-1]
        for row in table_rows(text_of(REFERENCE / "settings.md"))
        for name in re.findall(r"`([A-Z_]+)`", row[0])
    }
    for field, info in Settings.model_fields.items():
        name = environment_name(field)
        assert name in shown, f"docs/reference/settings.md does not explain {name}"
        if info.default not in (None, ()) and info.default_factory is None:
            assert as_shown(info.default) in re.findall(r"`([^`]+)`", shown[name]), name


def test_the_settings_page_names_nothing_that_is_not_in_the_example() -> None:
    example = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text_of(CHECKOUT / ".env.example"), re.MULTILINE))
    assert {name for name in named_first(text_of(REFERENCE / "settings.md")) if name.isupper()} == example


@pytest.mark.parametrize("table", [table for table in metadata.sorted_tables if table.name.count("staged_items_") == 0])
def test_every_column_of_every_table_is_explained(table: object) -> None:
    name, columns = table.name, {column.name for column in table.columns}  # type: ignore[attr-defined]
    assert named_first(section(text_of(REFERENCE / "tables.md"), name)) == columns


def test_the_states_named_on_the_pages_are_the_states_there_are() -> None:
    tables = text_of(REFERENCE / "tables.md")
    for heading, states in (("ingestion_requests", REQUEST_STATES), ("ingestion_batches", BATCH_STATES)):
        row = next(row for row in table_rows(section(tables, heading)) if row[0] == "`state`")
        assert set(re.findall(r"`([^`]+)`", row[1])) == set(states)
        for state in states:
            assert re.search(rf"\b{state}\b", text_of(CHECKOUT / "docs/architecture.md"))


@pytest.mark.parametrize(
    "page", [page for page in pages() if any(b.language == "sql" for b in blocks(page))], ids=name_of
)
def test_every_query_on_a_page_runs(page: Path, database_url: str) -> None:
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            for block in blocks(page):
                if block.language == "sql":
                    cursor.execute(block.text.replace("%", "%%"))
    finally:
        connection.close()


def test_every_error_is_in_the_tree_on_the_page_about_architecture() -> None:
    tree = section(text_of(CHECKOUT / "docs/architecture.md"), "Errors")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert [kind.__name__ for kind in kinds if not re.search(rf"\b{kind.__name__}\b", tree)] == []


def test_every_field_of_a_message_is_on_its_page() -> None:
    page = section(text_of(REFERENCE / "queue.md"), "Message")
    assert named_first(page) >= set(SheetRequest.model_fields) | set(SourceConfig.model_fields)


def test_every_field_of_a_result_is_on_its_page() -> None:
    summary = LoadSummary(supplier_key="a", batch_id=1, status="held", reasons=("why",))
    result = result_object(summary, task_id="t", supplier_id="s", run_id="r", retry_count=0, processed_at="now")
    assert named_first(section(text_of(REFERENCE / "queue.md"), "Result")) == set(result) | set(result["statistics"])


def test_every_setting_of_a_supplier_is_on_the_page_about_suppliers() -> None:
    named = named_first(section(text_of(HOW_TO / "add-a-supplier.md"), "Settings"))
    assert named >= (set(SupplierSettings.model_fields) - {"guards"}) | {
        f"guards.{name}" for name in Thresholds.model_fields
    }


def test_the_thresholds_on_the_page_are_the_defaults() -> None:
    rows = {row[0].strip("`"): row[-1] for row in table_rows(text_of(HOW_TO / "add-a-supplier.md"))}
    for name, info in Thresholds.model_fields.items():
        if rows.get(f"guards.{name}"):
            assert float(rows[f"guards.{name}"]) == info.default, name


def test_the_page_about_the_command_line_is_what_the_commands_say() -> None:
    assert text_of(CLI_PAGE) == cli_reference(), "write it: .venv/bin/python -m ingestion_dagster_tests.docs_pages"


def test_every_command_is_in_the_table_of_the_readme() -> None:
    named = " ".join(row[0] for row in table_rows(section(text_of(CHECKOUT / "README.md"), "Commands")))
    words = set(re.findall(r"[a-z-]+", named))
    assert [" ".join(path) for path in leaves(root_command()) if not set(path) <= words] == []


def test_the_checks_on_the_page_about_the_ui_are_those_of_dagster(defs: dg.Definitions) -> None:
    page = text_of(HOW_TO / "read-the-dagster-ui.md")
    checks = {key.name for definition in defs.asset_checks or () for key in definition.check_keys}  # type: ignore[union-attr]
    assert named_first(section(page, "Checks")) == checks
    assert {result.check for result in evaluate(Facts(staged=1, rejected=0), Thresholds(), None)} == checks


def test_the_names_in_dagster_are_those_of_the_pages(defs: dg.Definitions) -> None:
    everything = "".join(text_of(page) for page in pages())
    repository = defs.get_repository_def()
    names = [sensor.name for sensor in repository.sensor_defs] + [
        schedule.name for schedule in repository.schedule_defs
    ]
    names += [job.name for job in repository.get_all_jobs() if not job.name.startswith("__")]
    for name in names:
        assert f"`{name}`" in everything, f"no page explains {name}"


def test_the_steps_of_a_run_share_one_process_and_hand_on_json(defs: dg.Definitions) -> None:
    assert defs.executor is dg.in_process_executor
    assert (CHECKOUT / "docs/adr/0006-in-process-executor.md").exists()
    from ingestion_dagster.defs.resources import ReferenceIOManager

    assert ReferenceIOManager.extension == ".json"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-setup.lock"])
def test_a_lock_file_names_no_host_and_every_package_has_a_hash(lock: str) -> None:
    text = text_of(CHECKOUT / lock)
    assert "://" not in text
    assert "--index-url" not in text
    packages = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert packages
    assert all("--hash=sha256:" in package for package in packages)


def test_every_page_is_reached_from_the_index() -> None:
    index = text_of(CHECKOUT / "docs/README.md") + text_of(CHECKOUT / "docs/adr/README.md")
    linked = {Path(link).name for link in re.findall(r"\]\(([^)#\s]+)", index)}
    missing = {name_of(page) for page in (CHECKOUT / "docs").rglob("*.md") if page.name not in linked | {"README.md"}}
    assert not missing


def test_the_changelog_has_a_section_for_the_version_of_the_package() -> None:
    version = re.search(r'^version = "(.+)"', text_of(CHECKOUT / "pyproject.toml"), re.MULTILINE)
    assert version
    assert re.search(rf"^## \[{re.escape(version.group(1))}\]", text_of(CHECKOUT / "CHANGELOG.md"), re.MULTILINE)
