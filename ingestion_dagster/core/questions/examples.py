"""What a question shows of the list itself: two rows with what each reading would load."""

from typing import Final

from ingestion_dagster.core.columns.mapping_evidence import Mapping
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.sheets import CellValue, column_letter
from ingestion_dagster.core.values.cell_text import cell_text

_ROWS: Final = 2
_COLUMNS: Final = 4
_LONGEST: Final = 24


def item_name(table: Table, mapping: Mapping, place: int) -> str:
    """How a person finds an item: its article number, else its name, else its row."""
    number, row = table.body[place]
    for field in ("supplier_sku", "name"):
        column = mapping.columns.get(field)
        text = _shown(row[column]) if column is not None and column < len(row) else ""
        if text:
            return text
    return f"row {number + 1}"


def price_examples(table: Table, mapping: Mapping, columns: tuple[int, ...]) -> str:
    """` QX-100: 12.25 (C) or 9.80 (D); QX-101: …`, the first rows in which the columns differ; empty without any."""
    told = []
    for place, (_, row) in enumerate(table.body):
        cells = [(c, _shown(row[c]) if c < len(row) else "") for c in columns[:_COLUMNS]]
        texts = [text for _, text in cells if text]
        if len(texts) < len(cells) or (len(cells) > 1 and len(set(texts)) == 1):
            continue
        told.append(f"{item_name(table, mapping, place)}: {' or '.join(f'{t} ({column_letter(c)})' for c, t in cells)}")
        if len(told) == _ROWS:
            break
    return f" {'; '.join(told)}" if told else ""


def _shown(value: CellValue) -> str:
    text = " ".join(cell_text(value).split()) if value is not None else ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
