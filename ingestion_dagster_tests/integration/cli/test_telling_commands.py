"""`ingestion errors`, `why` and `what-if` as a person or a pipeline runs them: exit codes, JSON, files."""

import json
import socketserver
import sys
import threading
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.cli import main
from ingestion_dagster.settings import settings
from ingestion_dagster_tests.integration.mail_server import MailServer
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads
from ingestion_dagster_tests.sheets.making import make_csv

ROWS = [("SKU", "Name", "Price EUR"), *[(f"S-{n:02}", f"Item number {n}", f"{n + 10}.50") for n in range(1, 21)]]
WRONG = [*ROWS[:2], ("S-02", "Item", "call us"), *ROWS[3:]]


class Terminal:
    """The command line, run in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.capture, self.patch = capture, patch

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.patch.setattr(sys, "argv", ["ingestion", *words])
        self.capture.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = self.capture.readouterr()
        return code, said.out, said.err

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = self(*words, "--json")
        return code, json.loads(out)


@pytest.fixture
def shop(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://nowhere.invalid")
    monkeypatch.setenv("INGESTION_LOCAL_ROOT", str(tmp_path / "place"))
    settings.cache_clear()
    shop = SupplierLoads.at(database_url, tmp_path / "place")
    shop.register("acme", "acme.csv")
    yield shop
    settings.cache_clear()


@pytest.fixture
def ingestion(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def test_errors_shows_marks_and_writes(shop: SupplierLoads, ingestion: Terminal, tmp_path: Path) -> None:
    shop.load("acme", "acme.csv", make_csv(WRONG))
    code, out, _ = ingestion("errors", "acme")
    assert code == 0
    assert "C3" in out
    assert "1 of 20 rows could not be taken" in out
    code, out, _ = ingestion("errors", "acme", "--language", "ru", "--out", str(tmp_path))
    assert (code, "acme-corrections.csv" in out) == (0, True)
    assert "не цена" in (tmp_path / "acme-corrections.csv").read_text()
    code, told = ingestion.json("errors", "acme", "--out", str(tmp_path / "a.xlsx"))
    assert (code, told["rows"], told["rejected"], told["file"]) == (0, 20, 1, str(tmp_path / "a.xlsx"))
    (mistake,) = told["mistakes"]
    assert (mistake["cell"], mistake["code"], mistake["supplier_sku"], mistake["raw"]) == (
        "C3",
        "price_on_request",
        "S-02",
        "call us",
    )


def test_errors_of_a_good_list_says_so_and_writes_nothing(
    shop: SupplierLoads, ingestion: Terminal, tmp_path: Path
) -> None:
    shop.load("acme", "acme.csv", make_csv(ROWS))
    code, out, _ = ingestion("errors", "acme", "--out", str(tmp_path / "back.csv"))
    assert (code, "Nothing is wrong" in out) == (0, True)
    assert not (tmp_path / "back.csv").exists()
    shop.load("acme", "acme.csv", make_csv(WRONG))
    shop.load("acme", "acme.csv", make_csv([*ROWS, ("S-99", "One more", "1.00")]))
    assert "1 fixed" in ingestion("errors", "acme")[1]


def test_wrong_usage_is_2_and_an_expected_failure_is_1_in_one_line(shop: SupplierLoads, ingestion: Terminal) -> None:
    shop.load("acme", "acme.csv", make_csv(WRONG))
    assert ingestion("errors", "acme", "--language", "xx")[0] == 2
    assert ingestion("what-if", "--last", "0")[0] == 2
    for words in (
        ("errors", "acma"),
        ("errors", "acme", "--out", "/nowhere/x.csv"),
        ("why", "acme", "S-77"),
        ("what-if", "no"),
    ):
        code, out, err = ingestion(*words)
        assert (code, out, err.strip().count("\n")) == (1, "", 0), words
        assert err.startswith("error:")


def test_why_tells_the_chain(shop: SupplierLoads, ingestion: Terminal) -> None:
    shop.load("acme", "acme.csv", make_csv(WRONG))
    code, told = ingestion.json("why", "acme", "S-03")
    assert code == 0
    assert (told["origin"]["cell"], told["origin"]["raw"], told["origin"]["agrees"]) == ("C4", "13.50", True)
    assert "Item number 3" in ingestion("why", "acme", "S-03")[1]


def test_what_if_is_0_without_and_1_with_a_difference(shop: SupplierLoads, ingestion: Terminal) -> None:
    assert ingestion("what-if")[0] == 0
    shop.load("acme", "acme.csv", make_csv(WRONG))
    code, told = ingestion.json("what-if")
    assert (code, told["same"], told["different"]) == (0, 1, 0)
    shop.register("acme", "acme.csv", price_scale=0)
    code, told = ingestion.json("what-if", "acme", "--last", "3")
    assert (code, told["same"], told["different"]) == (1, 0, 1)
    assert told["results"][0]["price_count"] == 19


def test_errors_mails_the_marked_list_to_the_address_on_record(
    shop: SupplierLoads, ingestion: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop.load("acme", "acme.csv", make_csv(WRONG))
    code, _, said = ingestion("errors", "acme", "--send")
    assert (code, "ingestion supplier edit acme --email" in said) == (1, True)
    assert ingestion("supplier", "edit", "acme", "--email", "lists@acme.example", "--set", "language=de")[0] == 0
    code, _, said = ingestion("errors", "acme", "--send")
    assert (code, "INGESTION_ALERT_SMTP_URL" in said) == (1, True)
    monkeypatch.setattr(MailServer, "mails", [])
    with socketserver.TCPServer(("127.0.0.1", 0), MailServer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        monkeypatch.setenv("INGESTION_ALERT_SMTP_URL", f"smtp://127.0.0.1:{server.server_address[1]}")
        settings.cache_clear()
        code, out, _ = ingestion("errors", "acme", "--send")
        server.shutdown()
    assert (code, "Sent to lists@acme.example" in out) == (0, True)
    (mail,) = MailServer.mails
    received = message_from_string(mail, policy=default)
    assert received["To"] == "lists@acme.example"
    assert received["Subject"] == "1 Zeilen Ihrer Preisliste „acme.csv“ konnten nicht gelesen werden"
    (attached,) = received.iter_attachments()
    assert attached.get_filename() == "acme-corrections.csv"
    assert "kein Preis" in str(attached.get_content())
    assert list(tmp_path.glob("*.csv")) == []
    code, _, said = ingestion("errors", "acme", "--send")
    assert (code, "the mail could not be sent" in said) == (1, True)
