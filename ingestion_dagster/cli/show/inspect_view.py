"""How an inspected sheet looks on the screen: its top as a grid, the mapping with reasons, questions, samples."""

from collections.abc import Iterator
from pathlib import PurePath

from rich.cells import cell_len, set_cell_size
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ingestion_dagster.cli.show.tables import table_lines
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.reports.inspection import Inspection, sample_item
from ingestion_dagster.core.sheets import CellError, CellValue, column_letter
from ingestion_dagster.core.shown_text import one_line

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
_CELL, _LEAST = 22, 6
_ROW_NUMBER = 6
_COLUMNS = 9
_ROW_STYLES = {"section": "italic", "header": "bold", "total": "dim", "footer": "dim", "blank": "dim", "reject": "red"}


def overview(inspected: list[tuple[str, Inspection]], width: int | None) -> Iterator[RenderableType]:
    """One line per sheet."""
    titles = ("file", "tab", "header", "decision", "sku", "name", "price", "currency", "rows", "rejected", "open")
    styles = ("", "", "", "bold", *(COLOURS[field] for field in ("supplier_sku", "name", "price")))
    rows = [_in_one_line(PurePath(source).name, inspection) for source, inspection in inspected]
    return table_lines("", titles, rows, width, styles)


def _in_one_line(name: str, inspection: Inspection) -> tuple[object, ...]:
    mapped = inspection.mapped
    return (
        name,
        mapped.sheet,
        mapped.header_row_index + 1 if mapped.header_row_index >= 0 else "none",
        f"{mapped.decision} {mapped.confidence:.2f}",
        *(_header_of(mapped, field) for field in ("supplier_sku", "name", "price")),
        mapped.currency,
        f"{inspection.accepted + inspection.rejected:,}",
        f"{inspection.rejected:,}" if inspection.rejected else "",
        ", ".join(dict.fromkeys(question.code for question in mapped.questions)),
    )


def _header_of(mapped: MappedSheet, field: str) -> str:
    found = mapped.fields.get(field)
    if found is None:
        return ""
    return _short(found.header or f"column {column_letter(found.column)}", 24)


def details(source: str, inspection: Inspection, width: int) -> Iterator[RenderableType]:
    """Everything about one sheet, part by part, `width` cells wide."""
    mapped = inspection.mapped
    colour = _DECISIONS[mapped.decision]
    yield Panel(_headline(inspection), title=Text(one_line(source)), title_align="left", border_style=colour)
    yield _grid(inspection, width)
    yield Text()
    yield from _mapping(mapped, width)
    for question in mapped.questions:
        yield Text(one_line(f"? {question.message}", 2000), style="yellow")
    for note in mapped.notes:
        yield Text(one_line(f"· {note}", 2000), style="dim")
    if inspection.sample:
        yield from _sample(inspection, width)
    if inspection.rejects:
        yield from _rejects(inspection, width)
    yield Text()


def _headline(inspection: Inspection) -> Text:
    mapped = inspection.mapped
    text = Text(mapped.decision, style=f"bold {_DECISIONS[mapped.decision]}")
    lines = _about_the_list(inspection) if mapped.is_pricelist else ["not a price list"]
    first = f"  confidence {mapped.confidence:.2f}  tab “{mapped.sheet}”  {lines[0]}"
    return Text("\n").join([Text.assemble(text, one_line(first)), *(Text(one_line(line, 2000)) for line in lines[1:])])


def _about_the_list(inspection: Inspection) -> list[str]:
    mapped = inspection.mapped
    told = [f"items are told apart by {mapped.key}"]
    if mapped.currency:
        told.append(f"prices in {mapped.currency}: {mapped.currency_evidence}")
    style = mapped.number_styles.get("price")
    if style and style.evidence:
        told.append(style.evidence)
    told += [f"{name}: {value}" for name, value in mapped.qualifiers.items()]
    rows = inspection.accepted + inspection.rejected
    others = ", ".join(f"{count} {kind}" for kind, count in inspection.not_items.items())
    return [
        "no header" if mapped.header_row_index < 0 else f"header in row {mapped.header_row_index + 1}",
        "; ".join(told),
        f"{rows:,} item rows, {inspection.rejected:,} rejected{f'; no items: {others}' if others else ''}",
        *([f"other tabs: {', '.join(mapped.other_sheets)}"] if mapped.other_sheets else []),
    ]


def _grid(inspection: Inspection, width: int) -> Table:
    """The sheet's top as a person sees it, its columns coloured by field."""
    mapped = inspection.mapped
    field_of = {column: field for field, column in mapped.mapping().items()}
    cells = {
        column: [_cell(row[column] if column < len(row) else None) for _, row in inspection.top]
        for column in _columns_to_show(inspection)
    }
    widths = _grid_widths(cells, inspection, field_of, width)
    table = Table(header_style="dim", show_lines=False, pad_edge=False)
    table.add_column("", style="dim", justify="right", no_wrap=True)
    for column in widths:
        field = field_of.get(column)
        title = f"{column_letter(column)}\n{field}" if field else column_letter(column)
        table.add_column(Text(title), style=COLOURS.get(field or "", ""), no_wrap=True)
    for at, (number, _) in enumerate(inspection.top):
        shown = (Text(_short(cells[column][at], most)) for column, most in widths.items())
        table.add_row(str(number + 1), *shown, style=_style_of(number, inspection))
    return table


def _grid_widths(
    cells: dict[int, list[str]], inspection: Inspection, field_of: dict[int, str], width: int
) -> dict[int, int]:
    """Widths of the columns that fit. Texts are cut, figures never; where that is not enough, columns without a field
    are left out, from the right."""
    data = [at for at, (number, _) in enumerate(inspection.top) if number >= inspection.mapped.first_data_row]
    widths, least = {}, {}
    for column, texts in cells.items():
        title = max(len(field_of.get(column, "")), 1)
        figures = [cell_len(texts[at]) for at in data if any(c.isdigit() for c in texts[at])]
        least[column] = max(title, _LEAST, max(figures, default=0) if 2 * len(figures) > len(data) else 0)
        widths[column] = max(title, *map(cell_len, texts))
    while sum(widths.values()) + 3 * len(widths) + _ROW_NUMBER > width:
        loose = [column for column in widths if widths[column] > least[column]]
        spare = [column for column in widths if column not in field_of]
        if loose:
            widths[max(loose, key=widths.__getitem__)] -= 1
        elif spare:
            del widths[spare[-1]]
        else:
            break
    return widths


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
        return value.code
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _short(one_line(" ".join(str(value).split())), _CELL)


def _short(text: str, longest: int) -> str:
    return text if cell_len(text) <= longest else set_cell_size(text, longest - 1).rstrip() + "…"


def _mapping(mapped: MappedSheet, width: int) -> Iterator[Text]:
    rows: list[tuple[str, ...]] = [
        (field, column_letter(found.column), found.header, f"{found.confidence:.2f}", "; ".join(found.evidence))
        for field, found in sorted(mapped.fields.items(), key=lambda pair: pair[1].column)
    ]
    yield from table_lines("columns", ("field", "column", "header", "sure", "because"), rows, width, ("green", "bold"))
    others = [c for c in mapped.alternatives.get("price", ()) if c < len(mapped.headers)]
    if others:
        names = ", ".join(f"{column_letter(c)} “{mapped.headers[c]}”" for c in others)
        yield Text(one_line(f"not taken as price: {names}", 2000))
    if mapped.characteristics:
        yield Text(one_line(f"kept beside: {', '.join(list(mapped.characteristics)[:20])}", 2000), style="dim")


def _sample(inspection: Inspection, width: int) -> Iterator[Text]:
    items = [sample_item(item) for item in inspection.sample]
    names = list(dict.fromkeys(name for item in items for name in item if item[name] not in (None, "")))
    names = [name for name in names if name not in ("description", "url_image")]
    rows = [[_short(str(dict(item, row=item["row"] + 1).get(name, "")), 60) for name in names] for item in items]
    styles = [COLOURS.get(name, "dim") for name in names]
    return table_lines("items as they would be loaded", names, rows, width, styles)


def _rejects(inspection: Inspection, width: int) -> Iterator[Text]:
    title = f"{inspection.rejected:,} {'row' if inspection.rejected == 1 else 'rows'} rejected"
    rows = [(r.cell or f"row {r.row + 1}", r.message, _short(r.raw, 40)) for r in inspection.rejects]
    yield from table_lines(title, ("cell", "why", "what stands there"), rows, width, ("red",))
    if inspection.rejected > len(inspection.rejects):
        yield Text("all of them: " + ", ".join(f"{count} x {code}" for code, count in inspection.reject_codes.items()))
