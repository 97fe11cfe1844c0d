"""How an inspected sheet looks on the screen: its top as a grid, the mapping with reasons, questions, samples."""

from collections.abc import Iterator
from pathlib import PurePath

from rich.console import RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ingestion_dagster.core.inspection import Inspection, sample_item
from ingestion_dagster.core.mapped import MappedSheet
from ingestion_dagster.core.sheets import CellError, CellValue, column_letter

COLOURS = {
    "supplier_sku": "cyan",
    "name": "green",
    "price": "bold magenta",
    "currency": "bright_magenta",
    "stock": "yellow",
    "barcode": "bright_cyan",
    "brand": "bright_blue",
    "category": "blue",
    "unit": "bright_yellow",
    "description": "bright_green",
    "url_image": "bright_black",
}
_DECISIONS = {"accept": "green", "ask": "yellow", "refuse": "red"}
_CELL = 22
_COLUMNS = 9
_ROW_STYLES = {"section": "italic", "header": "bold", "total": "dim", "footer": "dim", "blank": "dim", "reject": "red"}


def overview(inspected: list[tuple[str, Inspection]]) -> RenderableType:
    """One line per sheet."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    for title in ("file", "tab", "header", "decision", "sku", "name", "price", "currency", "rows", "rejected", "open"):
        table.add_column(title, overflow="fold", justify="right" if title in ("rows", "rejected") else "left")
    for source, inspection in inspected:
        mapped = inspection.mapped
        colour = _DECISIONS[mapped.decision]
        table.add_row(
            escape(PurePath(source).name),
            escape(mapped.sheet),
            str(mapped.header_row_index + 1) if mapped.header_row_index >= 0 else "none",
            f"[{colour}]{mapped.decision}[/] {mapped.confidence:.2f}",
            *(_header_of(mapped, field) for field in ("supplier_sku", "name", "price")),
            mapped.currency or "",
            f"{inspection.accepted + inspection.rejected:,}",
            f"{inspection.rejected:,}" if inspection.rejected else "",
            escape(", ".join(dict.fromkeys(question.code for question in mapped.questions))),
        )
    return table


def _header_of(mapped: MappedSheet, field: str) -> str:
    found = mapped.fields.get(field)
    if found is None:
        return ""
    title = found.header or f"column {column_letter(found.column)}"
    return f"[{COLOURS[field]}]{escape(_short(title, 24))}[/]"


def details(source: str, inspection: Inspection) -> Iterator[RenderableType]:
    """Everything about one sheet, part by part."""
    mapped = inspection.mapped
    yield Panel(
        _headline(inspection), title=escape(source), title_align="left", border_style=_DECISIONS[mapped.decision]
    )
    yield _grid(inspection)
    if mapped.fields:
        yield _mapping(mapped)
    for question in mapped.questions:
        yield Text(f"? {question.message}", style="yellow")
    for note in mapped.notes:
        yield Text(f"· {note}", style="dim")
    if inspection.sample:
        yield _sample(inspection)
    if inspection.rejects:
        yield _rejects(inspection)
    yield Text()


def _headline(inspection: Inspection) -> Text:
    mapped = inspection.mapped
    text = Text()
    text.append(mapped.decision, style=f"bold {_DECISIONS[mapped.decision]}")
    text.append(f"  confidence {mapped.confidence:.2f}  tab “{mapped.sheet}”")
    if not mapped.is_pricelist:
        text.append("  not a price list")
        return text
    text.append("  no header" if mapped.header_row_index < 0 else f"  header in row {mapped.header_row_index + 1}")
    text.append(f"\nitems are told apart by {mapped.key}")
    if mapped.currency:
        text.append(f"; prices in {mapped.currency}: {mapped.currency_evidence}")
    style = mapped.number_styles.get("price")
    if style and style.evidence:
        text.append(f"; {style.evidence}")
    for name, value in mapped.qualifiers.items():
        text.append(f"; {name}: {value}")
    rows = inspection.accepted + inspection.rejected
    others = ", ".join(f"{count} {kind}" for kind, count in inspection.not_items.items())
    text.append(f"\n{rows:,} item rows, {inspection.rejected:,} rejected{f'; no items: {others}' if others else ''}")
    if mapped.other_sheets:
        text.append(f"\nother tabs: {', '.join(mapped.other_sheets)}")
    return text


def _grid(inspection: Inspection) -> Table:
    """The sheet's top as a person sees it, its columns coloured by field."""
    mapped = inspection.mapped
    columns = _columns_to_show(inspection)
    field_of = {column: field for field, column in mapped.mapping().items()}
    table = Table(header_style="dim", show_lines=False, pad_edge=False)
    table.add_column("", style="dim", justify="right")
    for column in columns:
        field = field_of.get(column)
        title = f"{column_letter(column)}\n{field}" if field else column_letter(column)
        table.add_column(title, style=COLOURS.get(field or "", ""), no_wrap=True, max_width=_CELL)
    for number, row in inspection.top:
        cells = [_cell(row[column] if column < len(row) else None) for column in columns]
        table.add_row(str(number + 1), *cells, style=_style_of(number, inspection))
    return table


def _style_of(number: int, inspection: Inspection) -> str | None:
    if number in inspection.mapped.header_rows:
        return "bold reverse"
    if number < inspection.mapped.first_data_row:
        return "dim"
    return _ROW_STYLES.get(inspection.kinds.get(number, ""))


def _columns_to_show(inspection: Inspection) -> list[int]:
    """Mapped columns first, then others from the left, as many as fit; shown in sheet order."""
    width = max((len(row) for _, row in inspection.top), default=0)
    mapped = [column for column in inspection.mapped.mapping().values() if column < width]
    others = [column for column in range(width) if column not in mapped]
    return sorted([*mapped, *others][: max(_COLUMNS, len(mapped))])


def _cell(value: CellValue) -> str:
    if value is None:
        return ""
    if isinstance(value, CellError):
        return f"[red]{escape(value.code)}[/]"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return escape(_short(" ".join(str(value).split()), _CELL))


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _mapping(mapped: MappedSheet) -> Table:
    table = Table(title="columns", title_justify="left", header_style="bold", box=None, pad_edge=False)
    for title in ("field", "column", "header", "sure", "because"):
        table.add_column(title, overflow="fold")
    for field, found in sorted(mapped.fields.items(), key=lambda pair: pair[1].column):
        table.add_row(
            Text(field, style=COLOURS[field]),
            column_letter(found.column),
            escape(found.header),
            f"{found.confidence:.2f}",
            escape("; ".join(found.evidence)),
        )
    for field, others in mapped.alternatives.items():
        if field == "price":
            names = ", ".join(f"{column_letter(c)} “{mapped.headers[c]}”" for c in others if c < len(mapped.headers))
            table.add_row("", "", "", "", escape(f"not taken as price: {names}"))
    if mapped.characteristics:
        kept = ", ".join(list(mapped.characteristics)[:20])
        table.add_row(Text("kept beside", style="dim"), "", "", "", escape(kept))
    return table


def _sample(inspection: Inspection) -> Table:
    items = [sample_item(item) for item in inspection.sample]
    names = [name for name in items[0] if any(name in item for item in items)]
    names += [name for item in items for name in item if name not in names]
    names = [name for name in dict.fromkeys(names) if name not in ("description", "url_image")]
    table = Table(title="items as they would be loaded", title_justify="left", header_style="bold", box=None)
    for name in names:
        table.add_column(name, style=COLOURS.get(name, "dim"), overflow="ellipsis", no_wrap=True, max_width=30)
    for item in items:
        shown = dict(item, row=item["row"] + 1)
        table.add_row(*(escape(str(shown.get(name, ""))) for name in names))
    return table


def _rejects(inspection: Inspection) -> Table:
    table = Table(
        title=f"{inspection.rejected:,} {'row' if inspection.rejected == 1 else 'rows'} rejected",
        title_justify="left",
        title_style="red",
        box=None,
        pad_edge=False,
    )
    for title in ("cell", "why", "what stands there"):
        table.add_column(title, overflow="fold")
    for reject in inspection.rejects:
        table.add_row(reject.cell or f"row {reject.row + 1}", escape(reject.message), escape(_short(reject.raw, 40)))
    if inspection.rejected > len(inspection.rejects):
        table.add_row("…", ", ".join(f"{count} x {code}" for code, count in inspection.reject_codes.items()), "")
    return table
