"""Price columns made up for measuring: the same amounts in many conventions, mixed with cells that are no prices.

Used by the unit tests and by `benchmarks/prices/columns.py`.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from ingestion_dagster.core.values.digits import plain
from ingestion_dagster.core.values.number_styles import prove_style
from ingestion_dagster.core.values.prices import Amount, price_reader

Writer = Callable[[Decimal], str]


def grouped(amount: Decimal, thousands: str, decimal: str, places: int = 2, indian: bool = False) -> str:
    """`amount` with separators, as a spreadsheet would write it."""
    whole, _, fraction = f"{amount:.{places}f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    size = 2 if indian else 3
    groups: list[str] = []
    while head:
        groups.insert(0, head[-size:])
        head = head[:-size]
    return thousands.join([*groups, tail]) + (decimal + fraction if fraction else "")


def cut(amount: Decimal, decimal: str, thousands: str = "") -> str:
    """Like a person types: no trailing zeros (`12,5`, `7`)."""
    text = grouped(amount, thousands, decimal)
    return text.rstrip("0").rstrip(decimal) if decimal in text else text


def _native(text: str, zero: int) -> str:
    return "".join(chr(zero + int(c)) if c.isdigit() else c for c in text)


CONVENTIONS: dict[str, Writer] = {
    "plain point": lambda a: f"{a:.2f}",
    "plain comma": lambda a: f"{a:.2f}".replace(".", ","),
    "english": lambda a: grouped(a, ",", "."),
    "german": lambda a: grouped(a, ".", ","),
    "french, narrow spaces": lambda a: grouped(a, "\u202f", ","),
    "russian, no-break spaces": lambda a: grouped(a, "\u00a0", ",") + " руб.",
    "spaces and point": lambda a: grouped(a, " ", "."),
    "thin spaces": lambda a: grouped(a, "\u2009", ",") + " zł",
    "swiss": lambda a: "CHF " + grouped(a, "'", "."),
    "swiss, curly": lambda a: grouped(a, "’", "."),
    "indian": lambda a: "₹" + grouped(a, ",", ".", indian=True),
    "dollar in front": lambda a: "$" + grouped(a, ",", "."),
    "euro behind": lambda a: grouped(a, ".", ",") + " €",
    "euro as typed": lambda a: cut(a, ",") + "€",
    "point as typed": lambda a: cut(a, "."),
    "comma as typed, grouped": lambda a: cut(a, ",", "."),
    "dash for no cents": lambda a: grouped(a, ".", ",").replace(",00", ",-"),
    "per piece": lambda a: f"{a:.2f}".replace(".", ",") + " EUR/Stk",
    "arabic digits": lambda a: _native(grouped(a, "٬", "٫"), 0x660),
    "persian digits": lambda a: _native(grouped(a, "٬", "٫"), 0x6F0),
    "full width": lambda a: _native(grouped(a, "，", "．"), 0xFF10),
    "devanagari": lambda a: _native(grouped(a, ",", ".", indian=True), 0x966),
    "whole, grouped by comma": lambda a: grouped(a, ",", ".", places=0),
    "whole, grouped by point": lambda a: grouped(a, ".", ",", places=0),
    "whole, grouped by space": lambda a: grouped(a, " ", ",", places=0),
    "whole yen": lambda a: "¥" + grouped(a, ",", ".", places=0),
    "whole dong": lambda a: grouped(a, ".", ",", places=0) + " ₫",
    "whole": lambda a: f"{a:.0f}",
    "three decimals": lambda a: grouped(a, ",", ".", places=3),
    "float noise": lambda a: repr(float(a) * 1.1 / 1.1),
}
"""How amounts are written; a whole one writes the amount without its fraction."""

FOREIGN = (
    "по запросу", "call", "auf Anfrage", "价格面议", "-", "—", "", "нет", "TBD", "n/a", "sur demande", "#REF!", "#N/A",
    "10-20", "100 – 200", "от 100", "from 99", "ab 12,50 €", "12,50 / 11,00", "15%", "12,5 %", "-5", "(12.50)", "0,00",
    "0", "Free", "1E5", "1e400", "1_000", "NaN", "inf", "12.50 / 11.00", "до 500", "ca. 100", "10 шт",
    "12 тыс. руб", "€ 12 USD", "15.08.2017", "12.34.56", "99999999999999999", "см. прайс", "New!", "1 200 и 1 300",
    "5k",
)  # fmt: skip


def not_a_price(rng: random.Random, writer: Writer, amount: Decimal) -> str:
    """A cell that holds no single price: words, or numbers as this column writes them."""
    price = writer(amount)
    written = (
        f"от {price}", f"from {price}", f"{price} - {writer(amount + 10)}", f"{price}–{writer(amount * 2)}",
        f"{price} / {writer(amount + 1)}", f"-{price}", f"({price})", f"{price} %", f"{price}\n{writer(amount + 3)}",
        f"{price}  {writer(amount + 3)}", f"{price} тыс.", f">{price}", f"до {price}", f"{price}+",
        writer(Decimal(0)), f"{price} or {writer(amount + 1)}", f"item {price}",
    )  # fmt: skip
    return rng.choice(FOREIGN) if rng.random() < 0.5 else rng.choice(written)


class Outcome(NamedTuple):
    """What reading one column gave, in cells; `asked` is 1 where the column's style is left to a person."""

    right: int = 0
    refused: int = 0
    wrong: int = 0
    taken: int = 0
    asked: int = 0
    wrong_cells: tuple[tuple[str, str], ...] = ()


def amounts(rng: random.Random, count: int) -> list[Decimal]:
    """Prices as lists have them: from cents to hundreds of thousands."""
    return [Decimal(rng.randint(10, 10 ** rng.randint(2, 8))) / 100 + Decimal("0.01") for _ in range(count)]


def column(rng: random.Random, writer: Writer, count: int, strange: float) -> list[tuple[str, Decimal | None]]:
    """(cell, its true amount or None) per row; about `strange` of the rows are no prices."""
    whole = plain(writer(Decimal("1234.56"))).count("6") == 0
    cells: list[tuple[str, Decimal | None]] = []
    for amount in amounts(rng, count):
        if rng.random() < strange:
            cells.append((not_a_price(rng, writer, amount), None))
        else:
            true = Decimal(f"{amount:.0f}") if whole else amount
            cells.append((writer(amount), true if true else None))
    return cells


def read_column(cells: list[tuple[str, Decimal | None]]) -> Outcome:
    """Prove the style from all cells, then read each; an ambiguous column is asked about and not read."""
    style = prove_style([text for text, _ in cells])
    if style.ambiguous:
        return Outcome(asked=1)
    read = price_reader(style)
    right = refused = taken = 0
    wrong: list[tuple[str, str]] = []
    for text, true in cells:
        found = read(text)
        if not isinstance(found, Amount):
            refused += true is not None
        elif true is None:
            wrong.append((text, str(found.value)))
            taken += 1
        elif found.value == true:
            right += 1
        else:
            wrong.append((text, str(found.value)))
    return Outcome(right, refused, len(wrong), taken, 0, tuple(wrong))
