"""`ingestion plan`, `batch`, `mapping` and `product` as a person or a script runs them: words, exit codes, JSON."""

from pathlib import Path

import dagster as dg
import pytest

from ingestion_dagster.instance.home import instance
from ingestion_dagster.settings import settings
from ingestion_dagster_tests.integration.cli.test_telling_commands import Terminal
from ingestion_dagster_tests.integration.shop import Shop, rows_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")

CALM = [10.0 + n for n in range(20)]
JUMP = [100.0, *CALM[1:]]


@pytest.fixture
def shop(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("INGESTION_LOCAL_ROOT", str(tmp_path))
    settings.cache_clear()
    made = Shop(database_url, tmp_path, draft_products=True)
    made.load(rows_of(CALM))
    return made


@pytest.fixture
def ingestion(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def test_a_plan_is_told_and_its_batch_is_approved_by_the_command_it_names(shop: Shop, ingestion: Terminal) -> None:
    shop.write(rows_of(JUMP))
    code, out, _ = ingestion("plan", "acme")
    assert code == 0
    assert "+900.00 %" in out
    assert "would be held" in out
    code, planned = ingestion.json("plan", "acme")
    assert (code, planned["status"], planned["counts"]["prices"]) == (0, "hold", 1)
    command = planned["apply_with"].split()[1:]
    code, done = ingestion.json(*command, "--note", "right so", "--by", "ann")
    assert (code, done["state"], done["updated"]) == (0, "applied", 1)
    assert shop.prices()["A001"] == "100"
    code, out, _ = ingestion("plan", "acme")
    assert "nothing would change" in out


def test_a_held_batch_is_listed_shown_and_rejected(shop: Shop, ingestion: Terminal) -> None:
    held = shop.load(rows_of(JUMP))
    _, waiting = ingestion.json("batch", "list", "--state", "held")
    assert [row["id"] for row in waiting] == [held.batch_id]
    _, out, _ = ingestion("batch", "show", str(held.batch_id))
    assert "decimal point" in " ".join(out.split())
    code, out, _ = ingestion("batch", "reject", str(held.batch_id), "--note", "typing error", "--by", "ann")
    assert (code, "the catalogue stays as it is" in out) == (0, True)
    _, shown = ingestion.json("batch", "show", str(held.batch_id))
    assert shown["transitions"][-1]["actor"] == "ann"


def test_a_decision_that_cannot_be_made_is_one_line_and_exit_code_1(shop: Shop, ingestion: Terminal) -> None:
    held = shop.load(rows_of(JUMP))
    newer = shop.load(rows_of([10.5, *CALM[1:]]))
    code, _, said = ingestion("batch", "approve", str(held.batch_id))
    assert code == 1
    assert f"overtaken by batch {newer.batch_id}" in " ".join(said.split())
    assert len(said.strip().splitlines()) == 1


@pytest.fixture
def dagster_home(dagster_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dagster instance on PostgreSQL that lives on from command to command."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", dagster_url)


def checks_shown(shop: Shop) -> dict[str, tuple[str, str]]:
    """Check -> status and description, as Dagster has them of the supplier now."""
    names = ("price_jumps", "reject_rate", "row_count_stable", "mapping_confirmed")
    keys = [dg.AssetCheckKey(dg.AssetKey("supplier_items"), name) for name in names]
    with instance(shop.deployment) as opened:
        found = opened.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    assert {record.partition for record in found.values()} == {"acme"}
    return {key.name: (record.status.value, record.evaluation.description) for key, record in found.items()}


@pytest.mark.usefixtures("dagster_home")
def test_every_decision_shows_in_dagster_however_many_follow_each_other(shop: Shop, ingestion: Terminal) -> None:
    for day, decision in enumerate(("approve", "approve", "reject", "approve"), 1):
        held = shop.load(rows_of([1000.0 * 10**day, *CALM[1:]]))
        assert held.status == "held"
        code, _, said = ingestion("batch", decision, str(held.batch_id), "--by", "ann")
        assert (code, said) == (0, "")
        if decision == "approve":
            shown = checks_shown(shop)
            assert {status for status, _ in shown.values()} == {"SUCCEEDED"}, day
            assert "Approved by a person" in shown["price_jumps"][1]
    with instance(shop.deployment) as opened:
        runs = opened.get_runs(dg.RunsFilter(job_name="review_batch", tags={"ingestion/supplier": "acme"}))
        assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS] * 4


def test_an_almost_empty_list_is_approved_only_with_the_number_of_items_that_go(
    shop: Shop, ingestion: Terminal
) -> None:
    held = shop.load(rows_of(CALM[:1]))
    code, _, said = ingestion("batch", "approve", str(held.batch_id))
    assert code == 1
    assert f"ingestion batch approve {held.batch_id} --force 19" in " ".join(said.split())
    assert ingestion("batch", "approve", str(held.batch_id), "--force", "20")[0] == 1
    code, out, _ = ingestion("batch", "approve", str(held.batch_id), "--force", "19")
    assert (code, "19 missing" in out) == (0, True)


def test_a_dagster_that_cannot_be_told_does_not_undo_a_decision(
    shop: Shop, ingestion: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql+psycopg2://nobody:secret@127.0.0.1:1/none")
    held = shop.load(rows_of(JUMP))
    code, out, said = ingestion("batch", "approve", str(held.batch_id))
    assert (code, "is applied" in out) == (0, True)
    assert len(said.strip().splitlines()) == 1
    assert "ingestion load acme" in said
    assert "secret" not in said


def test_columns_are_shown_and_confirmed(shop: Shop, ingestion: Terminal) -> None:
    code, out, _ = ingestion("mapping", "show", "acme")
    assert code == 0
    assert "nothing was confirmed yet" in out
    code, done = ingestion.json("mapping", "confirm", "acme", "price=Price", "currency=EUR", "--by", "ann")
    assert (code, done["mapping"]["price"], done["settings"]) == (0, 2, {"currency": "EUR"})
    _, shown = ingestion.json("mapping", "show", "acme")
    assert shown["remembered"][0]["confirmed_by"] == "ann"
    code, _, said = ingestion("mapping", "confirm", "acme", "price=Preise")
    assert code == 1
    assert "Price" in said
    assert ingestion("mapping", "confirm", "acme", "price")[0] == 2


def test_another_key_is_announced_when_it_is_confirmed_and_shown_by_why(shop: Shop, ingestion: Terminal) -> None:
    header = ("SKU", "Name", "Price", "Currency", "Stock", "Article")
    lines = [[*row, f"N{7 * n:04}"] for n, row in enumerate(rows_of(CALM))]
    shop.load(lines, header)
    assert ingestion("mapping", "confirm", "acme", "sku=SKU")[0] == 0
    assert shop.load().status == "success"
    code, done = ingestion.json("mapping", "confirm", "acme", "sku=Article")
    assert (code, done["key_before"]) == (0, "SKU")
    code, out, _ = ingestion("mapping", "confirm", "acme", "sku=Article")
    assert "known by “SKU” so far" in " ".join(out.split())
    assert shop.load().rekeyed == 20
    code, out, _ = ingestion("why", "acme", "A002")
    assert (code, "N0007" in out, "known before as" in out) == (0, True, True)
    _, done = ingestion.json("mapping", "confirm", "acme")
    assert done["key_before"] is None


def test_a_product_is_activated_and_archived(shop: Shop, ingestion: Terminal) -> None:
    _, drafts = ingestion.json("product", "list", "--status", "draft")
    assert len(drafts) == 20
    assert ingestion("product", "activate", "acme:A001", "--by", "ann")[0] == 0
    assert ingestion("product", "archive", "acme:A001", "--note", "gone")[0] == 0
    code, _, said = ingestion("product", "archive", "acme:A001")
    assert (code, "archived already" in said) == (1, True)
    _, shown = ingestion.json("product", "show", "acme:A001")
    assert [step["to_status"] for step in shown["transitions"]] == ["draft", "active", "archived"]


def test_a_held_batch_shows_first_what_holds_it_and_last_what_to_do(shop: Shop, ingestion: Terminal) -> None:
    held = shop.load(rows_of(JUMP))
    _, out, _ = ingestion("batch", "show", str(held.batch_id))
    lines = out.splitlines()
    assert lines[0].startswith("held: 1 price is")
    assert "A001" in lines[2]
    assert sum(line.startswith("held:") for line in lines) == 1
    (fine,) = [line for line in lines if line.startswith("nothing to say about:")]
    assert "missing rows" in fine
    assert [line.partition(": ")[2].split()[:3] for line in lines[-2:]] == [
        ["ingestion", "batch", "approve"],
        ["ingestion", "batch", "reject"],
    ]
    assert ingestion("batch", "reject", str(held.batch_id))[0] == 0
    assert "batch approve" not in ingestion("batch", "show", str(held.batch_id))[1]


def test_a_filter_that_nothing_can_match_is_an_error(ingestion: Terminal) -> None:
    code, _, said = ingestion("batch", "list", "--state", "hold")
    assert (code, "'held'" in said) == (2, True)
    code, _, said = ingestion("product", "list", "--status", "new")
    assert (code, "'draft'" in said) == (2, True)
    for noun in ("batch", "product"):
        code, out, said = ingestion(noun, "list", "--supplier", "acma")
        assert (code, out) == (1, "")
        assert "did you mean acme?" in said


def test_a_supplier_is_edited_and_what_cannot_be_is_refused_at_once(shop: Shop, ingestion: Terminal) -> None:
    words = ("supplier", "edit", "acme")
    code, out, _ = ingestion(
        *words, "--set", "decimal=,", "--set", "guards.jump_factor=20", "--email", "a@acme.example"
    )
    assert code == 0
    assert "decimal" in out
    assert "ingestion load acme" in out
    code, told = ingestion.json(*words, "--unset", "decimal", "--set", "column_mapping.price=Price", "--sheet", "2024")
    assert told["settings"] == {
        "draft_products": True, "guards": {"jump_factor": 20.0}, "column_mapping": {"price": "Price"},
    }  # fmt: skip
    assert (told["source"], told["contact_email"]) == (
        {"file_path": "acme.csv", "sheet_name": "2024"},
        "a@acme.example",
    )
    code, told = ingestion.json(*words, "--unset", "sheet_name", "--unset", "guards.jump_factor", "--email", "")
    assert (told["source"], told["contact_email"]) == ({"file_path": "acme.csv"}, None)
    assert "guards" not in told["settings"]
    for wrong, says in (
        (("--set", "encoding=win-1251"), "cp1251"),
        (("--set", "guards.jump=1"), "guards.jump_factor"),
        (("--set", "column_mapping.prise=C"), "supplier_sku"),
        (("--unset", "currency"), "set are: "),
        (("--email", "nobody"), "not an e-mail address"),
        (("--source", "../x.csv"), "leaves the inbox"),
        (("--name", "\u200b"), "visible text"),
    ):
        code, out, said = ingestion(*words, *wrong)
        assert (code, out, len(said.splitlines())) == (1, "", 1), wrong
        assert says in said
    assert ingestion.json("supplier", "show", "acme")[1] == told
    assert ingestion(*words)[0] == 2
    assert ingestion("supplier", "add", "new", "--name", "N", "--source", "n.csv", "--set", "encoding=x")[0] == 1
    assert ingestion("supplier", "show", "new")[0] == 1
