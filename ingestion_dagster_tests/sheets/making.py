"""Honest sheet files made with the usual writers (openpyxl, xlwt, odfpy, csv). Hostile ones are in `hostile.py`."""

import csv
import datetime as dt
import html
import io
from collections.abc import Iterable, Mapping, Sequence

Cell = object
Position = tuple[int, int]


def make_csv(
    rows: Iterable[Sequence[Cell]],
    delimiter: str = ",",
    encoding: str = "utf-8",
    line_end: str = "\r\n",
    quoting: int = csv.QUOTE_MINIMAL,
) -> bytes:
    """Rows as a text file; None becomes an empty cell. `utf-8-sig` and `utf-16` write a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue().encode(encoding)


def make_xlsx(
    rows: Iterable[Sequence[Cell]] = (),
    *,
    name: str = "Sheet1",
    merges: Iterable[str] = (),
    formats: Mapping[Position, str] | None = None,
    hidden_rows: Iterable[int] = (),
    hidden_columns: Iterable[str] = (),
    first_cell: Position = (0, 0),
    tabs: Mapping[str, Iterable[Sequence[Cell]]] | None = None,
    hidden_tabs: Iterable[str] = (),
) -> bytes:
    """An XLSX workbook by openpyxl.

    `merges` are ranges such as `A1:C2`; `formats` maps 0-based (row, column) to a number format code;
    `hidden_rows` are 0-based, `hidden_columns` are letters. `first_cell` is where the first row starts. `tabs`
    adds further sheets behind the first. A cell that starts with `=` is a formula without a cached value.
    """
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = name
    _fill(sheet, rows, first_cell)
    for (row, column), code in (formats or {}).items():
        sheet.cell(row + 1, column + 1).number_format = code
    for area in merges:
        sheet.merge_cells(area)
    for row in hidden_rows:
        sheet.row_dimensions[row + 1].hidden = True
    for letter in hidden_columns:
        sheet.column_dimensions[letter].hidden = True
    for title, more in (tabs or {}).items():
        _fill(book.create_sheet(title), more, (0, 0))
    for title in hidden_tabs:
        book[title].sheet_state = "hidden"
    return _saved(book)


def _fill(sheet, rows: Iterable[Sequence[Cell]], first_cell: Position) -> None:  # type: ignore[no-untyped-def]
    for row_number, row in enumerate(rows, first_cell[0] + 1):
        for column_number, value in enumerate(row, first_cell[1] + 1):
            if value is not None:
                sheet.cell(row_number, column_number, value)


def make_xls(
    rows: Sequence[Sequence[Cell]],
    *,
    name: str = "Sheet1",
    formats: Mapping[Position, str] | None = None,
    merges: Iterable[tuple[int, int, int, int]] = (),
    hidden_rows: Iterable[int] = (),
    hidden_columns: Iterable[int] = (),
) -> bytes:
    """A BIFF8 workbook by xlwt. `merges` are (first row, last row, first column, last column), 0-based."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(name)
    codes = dict(formats or {})
    styles = {code: xlwt.easyxf(num_format_str=code or "General") for code in _codes_used(rows, codes)}
    for row_number, row in enumerate(rows):
        for column_number, value in enumerate(row):
            if value is not None:
                code = codes.get((row_number, column_number)) or _date_code(value)
                sheet.write(row_number, column_number, value, styles[code])
    for area in merges:
        sheet.merge(*area)
    for row_number in hidden_rows:
        sheet.row(row_number).hidden = True
    for column_number in hidden_columns:
        sheet.col(column_number).hidden = True
    return _saved(book)


def _codes_used(rows: Sequence[Sequence[Cell]], codes: Mapping[Position, str]) -> set[str | None]:
    """One style object per code: the format allows 4,094 of them."""
    return {None, *codes.values(), *(_date_code(value) for row in rows for value in row)}


def _date_code(value: Cell) -> str | None:
    if isinstance(value, dt.datetime):
        return "yyyy-mm-dd hh:mm:ss"
    if isinstance(value, dt.date):
        return "yyyy-mm-dd"
    return None


def make_ods(
    rows: Iterable[Sequence[Cell]], *, name: str = "Sheet1", currency: Mapping[int, str] | None = None
) -> bytes:
    """An OpenDocument spreadsheet by odfpy. `currency` maps a 0-based column to the ISO code its numbers carry."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table = Table(name=name)
    for row in rows:
        line = TableRow()
        for column, value in enumerate(row):
            attributes = _ods_attributes(value, (currency or {}).get(column))
            cell = TableCell(**attributes)
            if value is not None:
                cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    return _saved(document)


def _ods_attributes(value: Cell, currency: str | None) -> dict[str, str]:
    match value:
        case None:
            return {}
        case bool():
            return {"valuetype": "boolean", "booleanvalue": str(value).lower()}
        case int() | float():
            kind = {"valuetype": "currency", "currency": currency} if currency else {"valuetype": "float"}
            return kind | {"value": repr(value)}
        case dt.date():
            return {"valuetype": "date", "datevalue": value.isoformat()}
        case _:
            return {"valuetype": "string"}


def make_html_xls(rows: Iterable[Sequence[Cell]], *, encoding: str = "utf-8", header_cells: bool = True) -> bytes:
    """An HTML page with one table, as web shops and 1C save it under the name `.xls`."""
    lines = []
    for number, row in enumerate(rows):
        tag = "th" if header_cells and number == 0 else "td"
        cells = "".join(f"<{tag}>{html.escape('' if cell is None else str(cell))}</{tag}>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    page = (
        f'<html><head><meta http-equiv="Content-Type" content="application/vnd.ms-excel; charset={encoding}">'
        f"<style>td {{ mso-number-format: General }}</style></head><body><table border=1>\n"
        + "\n".join(lines)
        + "\n</table></body></html>"
    )
    return page.encode(encoding)


def _saved(document) -> bytes:  # type: ignore[no-untyped-def]
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
