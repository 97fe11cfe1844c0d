"""Draws the pictures of `docs/how-a-sheet-is-read.md`: invented sheets as `ingestion inspect` shows them.

python -m benchmarks.sheet_pictures docs/images
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from ingestion_dagster.cli.show.inspect_view import details
from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.reports.inspection import inspect_workbook
from ingestion_dagster.core.sheets import CellValue, Range, Sheet, Workbook

Rows = list[list[CellValue]]

THREE_PRICES: Rows = [
    ["ООО «Северный инструмент»"],
    ["тел. +7 000 000-00-00", None, None, "Цены указаны в рублях с НДС"],
    [],
    ["Артикул", "Наименование", "Ед.", "Цена", None, None, "Остаток"],
    [None, None, None, "дилер", "опт", "РРЦ", None],
    ["Насосы"],
    ["00120", "Насос дренажный 400 Вт", "шт", "2 140,00", "2 390,00", "2 990,00", ">10"],
    ["00121", "Насос дренажный 750 Вт", "шт", "3 015,50", "3 360,00", "4 190,00", "4"],
    ["00135", "Насос погружной 1,1 кВт", "шт", "по запросу", "—", "8 490,00", "0"],
    ["Фитинги"],
    ["5.10", "Муфта латунная 1/2″", "шт", "84,20", "96,00", "139,00", "250"],
    ["5.11", "Муфта латунная 3/4″", "шт", "112,70", "126,00", "179,00", "нет"],
    [None, "Итого позиций: 5"],
    ["Директор ____________ /Иванов/"],
]
THREE_PRICES_MERGES = (Range(3, 3, 3, 5), *(Range(3, c, 4, c) for c in (0, 1, 2, 6)))

OPEN_QUESTIONS: Rows = [
    ["Art.", "Bezeichnung", "Preis 1", "Preis 2", "EAN"],
    ["K-100", "Kabelbinder 100 mm, schwarz", "1.250", "1.490", "4006381333931"],
    ["K-140", "Kabelbinder 140 mm, schwarz", "1.480", "1.790", "4006381333948"],
    ["K-200", "Kabelbinder 200 mm, schwarz", "2.120", "2.490", "4006381333955"],
    ["K-300", "Kabelbinder 300 mm, schwarz", "3.050", "3.590", "4006381333962"],
    ["K-370", "Kabelbinder 370 mm, schwarz", "3.900", "4.590", "4006381333979"],
]


def draw(rows: Rows, name: str, merges: tuple[Range, ...] = ()) -> str:
    """The picture of one sheet as SVG."""
    workbook = Workbook((Sheet("Прайс" if merges else name, lambda: rows, True, merges=merges),), "xlsx")
    console = Console(record=True, width=140, file=io.StringIO(), force_terminal=True)
    for part in details(name, inspect_workbook(workbook, ReadingHints()), 140):
        console.print(part)
    svg = console.export_svg(title=f"ingestion inspect {name}", unique_id=name.split(".")[0])
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    folder = Path(sys.argv[1])
    pictures = {
        "inspect-three-prices": draw(THREE_PRICES, "northern-tools.xlsx", THREE_PRICES_MERGES),
        "inspect-questions": draw(OPEN_QUESTIONS, "kabel.xlsx"),
    }
    for name, svg in pictures.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
