"""Article numbers that look like amounts (`RS-100`, `CHF100`, `R 10`), and amounts that must stay amounts."""

import pytest

from ingestion_dagster.core.layout.cell_kinds import kind_of
from ingestion_dagster_tests.unit.opened_lists import FORMATS, columns_of, read

NAMES = [f"Steel pump type {i}" for i in range(12)]
PRICES = [12.25 + 3 * i for i in range(12)]
PATTERNS = [
    "RS-{}",
    "R-{}",
    "KR-{}",
    "CHF{}",
    "CHF-{}",
    "P-{}",
    "USD-{}",
    "L {}",
    "KM-{}",
    "KM {}",
    "R {}",
    "TS-{}-R",
    "Rs. {}",
    "RS-{}.1",
    "{}-R",
    "R${}",
    "EUR{}",
]
HEADERS = [("SKU", "Name", "Price"), ("Artikelnummer", "Bezeichnung", "Preis"), ("Артикул", "Наименование", "Цена"),
    ("Référence", "Désignation", "Prix")]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("headers", HEADERS)
def test_a_code_column_is_the_key_whatever_money_its_letters_are(
    headers: tuple[str, ...], pattern: str, format: str
) -> None:
    codes = [pattern.format(100 + i) for i in range(12)]
    mapped = read(columns_of(headers, codes, NAMES, PRICES), format)
    assert (mapped.mapping(), mapped.key, mapped.decision) == (
        {"supplier_sku": 0, "name": 1, "price": 2},
        "supplier_sku",
        "accept",
    )


@pytest.mark.parametrize("pattern", ["R-{}", "KR-{}", "TS-{}"])
def test_variants_of_one_article_keep_their_code_as_the_key(pattern: str) -> None:
    codes = [f"{pattern.format(i // 2)}-{'RP'[i % 2]}" for i in range(12)]
    names = [f"T-shirt model {i // 2}" for i in range(12)]
    mapped = read(columns_of(["SKU", "Description", "Price"], codes, names, PRICES))
    assert (mapped.column("supplier_sku"), mapped.key, mapped.decision) == (0, "supplier_sku", "accept")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("pattern", ["R {}", "kr {}", "CHF {}", "CHF {}.00", "R {}.50", "{} KM", "Rs. {}", "USD{}"])
@pytest.mark.parametrize("header", ["Price", "Preis", "Цена"])
def test_amounts_with_a_currency_stay_prices(header: str, pattern: str, format: str) -> None:
    amounts = [pattern.format(95 + 17 * i + i * i) for i in range(12)]
    codes = [f"QX-{i}" for i in range(100, 112)]
    mapped = read(columns_of(["SKU", "Name", header], codes, NAMES, amounts), format)
    assert (mapped.column("price"), mapped.column("supplier_sku"), mapped.decision) == (2, 0, "accept")


@pytest.mark.parametrize("pattern", ["CHF{}", "R {}", "L {}"])
def test_codes_in_a_series_are_no_price_without_a_header(pattern: str) -> None:
    rows = columns_of([], [pattern.format(100 + i) for i in range(12)], NAMES, PRICES)[1:]
    assert read(rows).column("price") == 2


@pytest.mark.parametrize(
    ("cell", "kind"),
    [("RS-100", "code"), ("TS-1-R", "code"), ("KR-10", "code"), ("100-R", "code"),
     ("-100 kr", "money"), ("EUR -5,00", "money"),
     ("R 100", "money"), ("kr 10", "money"), ("12345-0001", "code"), ("10-5", "code"), ("5-10", "stock"),
     ("<10", "stock")],
)  # fmt: skip
def test_what_a_cell_looks_like_by_itself(cell: str, kind: str) -> None:
    assert kind_of(cell) == kind
