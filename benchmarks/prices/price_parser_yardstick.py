"""Measures `parse_price` on the example lists that price-parser's own source distribution carries.

    pip download --no-deps --no-binary :all: price-parser==0.5.1 -d DIR
    python benchmarks/prices/price_parser_yardstick.py DIR/price_parser-0.5.1.tar.gz

The lists are read from the archive (or an unpacked folder); none of them is part of this project. Amounts are
compared exactly. A currency counts as right if it is one that price-parser's own table gives the expected sign.
"""

import argparse
import ast
import json
import sys
import tarfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from ingestion_dagster.core.numbers import parse_price
from ingestion_dagster.core.values.currencies import currency_of, find_signs, is_currency

LISTS = ("BUGS_CAUGHT", "NEW", "", "2", "3", "NO_PRICE", "NO_CURRENCY")
MORE = ("XFAIL", "XFAIL_CURRENCIES_TO_BE_ADDED", "DECIMAL_SEPARATOR_EXAMPLES")
SIGNS = {"руб.": "RUB", "руб": "RUB", "р.": "RUB", "Р": "RUB", "р": "RUB", "грн": "UAH", "грн.": "UAH", "Kč": "CZK",
         "TL": "TRY", "Ft": "HUF", "Rs": "INR", "lei": "RON", "eur": "EUR", "euro": "EUR", "Dinara": "RSD",
         "Rp": "IDR", "RM": "MYR", "дин.": "RSD", "лв.": "BGN", "лв": "BGN", "円": "JPY", "원": "KRW", "درهم": "AED",
         "ريال": "SAR", "جنيه": "EGP", "₶": "FRF", "KD": "KWD", "تومان": "IRT", "￥": "CNY"}  # fmt: skip

RENAMED = {"MRO": "MRU", "STD": "STN", "ZWD": "ZWL"}
"""Their table has the codes from before a redenomination."""


class Example(NamedTuple):
    """One of their examples: the hint beside the price, the price text, what they expect."""

    hint: str | None
    text: str | None
    sign: str | None
    amount: Decimal | None
    decimal: str | None


def sources(path: Path) -> tuple[str, str]:
    """The text of their test module and of their currency table."""
    wanted = ("tests/test_price_parsing.py", "price_parser/_currencies.py")
    if path.is_dir():
        return tuple((path / name).read_text(encoding="utf-8") for name in wanted)  # type: ignore[return-value]
    with tarfile.open(path) as archive:
        texts = []
        for name in wanted:
            member = next(m for m in archive.getmembers() if m.name.endswith(name))
            opened = archive.extractfile(member)
            assert opened is not None
            texts.append(opened.read().decode("utf-8"))
    return texts[0], texts[1]


def literal(node: ast.expr) -> Any:
    """A literal, or the Decimal of a literal; nothing of theirs is executed."""
    if isinstance(node, ast.Call):
        return Decimal(literal(node.args[0]))
    return ast.literal_eval(node)


def examples(module: str) -> dict[str, list[Example]]:
    """List name -> its examples."""
    found = {}
    for node in ast.parse(module).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.List):
            continue
        name = node.targets[0].id.removeprefix("PRICE_PARSING_").removeprefix("EXAMPLES").lstrip("_")  # type: ignore[attr-defined]
        found[name] = [_example(call) for call in node.value.elts if isinstance(call, ast.Call)]
    return found


def _example(call: ast.Call) -> Example:
    hint, text, sign, _, amount, *rest = [literal(argument) for argument in call.args]
    named = {keyword.arg: literal(keyword.value) for keyword in call.keywords}
    decimal = rest[0] if rest else named.get("decimal_separator")
    return Example(hint, text, sign, None if amount is None else Decimal(str(amount)), decimal)


def table_codes(module: str) -> dict[str, set[str]]:
    """sign -> the codes that price-parser's own table gives it."""
    codes: dict[str, set[str]] = {}
    for node in ast.parse(module).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            for code, entry in ast.literal_eval(node.value).items():
                for sign in (code, entry["s"], entry["sn"], *entry.get("sn2", [])):
                    codes.setdefault(sign.strip(), set()).add(code)
    return codes


def judge(example: Example, codes: dict[str, set[str]]) -> tuple[bool, bool | None, str]:
    """(amount right, currency right or None where it cannot be judged, what we said)."""
    decimal = example.decimal if example.decimal in (".", ",") else None
    price = parse_price(example.text, decimal)  # type: ignore[arg-type]
    amount = price.amount if price else None
    currency = price.currency if price else None
    if currency is None and example.hint:
        currency = currency_of(example.hint) or next(
            (s.codes[0] for s in find_signs(example.hint, beside_number=True)), None
        )
    said = f"{amount} {currency}"
    if amount is None and example.amount is None:
        return True, None, said
    return amount == example.amount, _currency_right(currency, example.sign, codes), said


def _currency_right(currency: str | None, sign: str | None, codes: dict[str, set[str]]) -> bool | None:
    if sign is None:
        return currency is None
    sign = sign.strip()
    expected = set(codes.get(sign, ()))
    if is_currency(sign.upper()) and len(sign) == 3:
        expected.add(sign.upper())
    if sign in SIGNS:
        expected.add(SIGNS[sign])
    expected |= {RENAMED[code] for code in expected & RENAMED.keys()}
    return currency in expected if expected else None


def report(
    found: dict[str, list[Example]], codes: dict[str, set[str]], names: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """One line per list."""
    for name in names:
        listed = found.get(name, found.get(f"EXAMPLES_{name}", []))
        verdicts = [(example, *judge(example, codes)) for example in listed]
        judged = [right for _, _, right, _ in verdicts if right is not None]
        missed = [(example, said) for example, amount, currency, said in verdicts if not amount or currency is False]
        yield {
            "list": name or "EXAMPLES",
            "examples": len(verdicts),
            "amounts_right": sum(verdict[1] for verdict in verdicts),
            "currencies_judged": len(judged),
            "currencies_right": sum(judged),
            "misses": [(e.hint, e.text, f"{e.amount} {e.sign}", said) for e, said in missed],
        }


def totals(lines: list[dict[str, Any]]) -> dict[str, int]:
    """Sums over the lists."""
    counted = ("examples", "amounts_right", "currencies_judged", "currencies_right")
    return {key: sum(line[key] for line in lines) for key in counted}


def show(lines: list[dict[str, Any]]) -> None:
    """For people."""
    for line in lines:
        amounts = f"amounts {line['amounts_right']:4}/{line['examples']:<4}"
        print(f"{line['list']:32} {amounts} currencies {line['currencies_right']:4}/{line['currencies_judged']}")
        for hint, text, theirs, ours in line["misses"]:
            print(f"    hint {hint!r}, text {text!r}: they say {theirs}, we say {ours}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sdist", type=Path, help="price_parser-0.5.1.tar.gz, or the folder unpacked from it")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.sdist.exists():
        print(f"{arguments.sdist} is not there: nothing was measured. This file says how to get it.", file=sys.stderr)
        return 1
    tests, currencies = sources(arguments.sdist)
    found, codes = examples(tests), table_codes(currencies)
    lines, more = list(report(found, codes, LISTS)), list(report(found, codes, MORE))
    total = totals(lines)
    if arguments.json:
        print(json.dumps({"total": total, "lists": lines, "more": more}, ensure_ascii=False))
        return 0
    show([*lines, *more])
    print(f"amounts    {total['amounts_right']}/{total['examples']} = {total['amounts_right'] / total['examples']:.2%}")
    right, judged = total["currencies_right"], total["currencies_judged"]
    print(f"currencies {right}/{judged} = {right / judged:.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
