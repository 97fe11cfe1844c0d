"""A confirmed mapping is used first; a changed sheet asks only about what changed."""

from ingestion_dagster.core.columns.drift import RememberedMapping, compare_headers, remember
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster_tests.unit.made_lists import made_list, workbook_of

Rows = list[list[CellValue]]
LINE = "sku:Art; name:Text; price:Price 1; xprice:Price 2; stock:Stock"


def rows_of(line: str = LINE) -> Rows:
    made = made_list(line)
    return [list(made.headers), *(list(row) for row in made.rows)]


def read(rows: Rows, remembered: RememberedMapping | None = None, **hints: object) -> MappedSheet:
    return understand(workbook_of(rows), ReadingHints(**hints), remembered)  # type: ignore[arg-type]


def confirmed(rows: Rows | None = None) -> RememberedMapping:
    return remember(read(rows or rows_of()), confirmed_by="anna")


def renamed(rows: Rows, before: str, now: str) -> Rows:
    return [[now if cell == before else cell for cell in rows[0]], *rows[1:]]


def test_an_answered_question_is_not_asked_again() -> None:
    assert read(rows_of()).decision == "ask"
    again = read(rows_of(), confirmed())
    assert (again.decision, again.questions, again.column("price")) == ("accept", (), 2)


def test_a_remembered_answer_survives_json() -> None:
    kept = confirmed()
    assert RememberedMapping.model_validate_json(kept.model_dump_json()) == kept


def test_new_values_do_not_move_a_remembered_column() -> None:
    rows = rows_of()
    for row in rows[1:]:
        row[4] = None
    assert read(rows, confirmed()).column("stock") == 4


def test_a_moved_column_is_followed_without_a_question() -> None:
    rows = [[row[1], row[0], *row[2:]] for row in rows_of()]
    mapped = read(rows, confirmed())
    assert (mapped.column("supplier_sku"), mapped.column("name"), mapped.decision) == (1, 0, "accept")
    assert any("moved" in note for note in mapped.notes)


def test_an_inserted_column_pushes_others_aside_and_is_only_told() -> None:
    rows = [[row[0], "x" if i else "Remark", *row[1:]] for i, row in enumerate(rows_of())]
    mapped = read(rows, confirmed())
    assert (mapped.column("price"), mapped.decision) == (3, "accept")
    assert "new column “Remark”" in mapped.notes
    assert not any("moved" in note for note in mapped.notes)


def test_a_new_optional_column_is_taken_in() -> None:
    made = made_list(f"{LINE}; ean:EAN")
    mapped = read([list(made.headers), *made.rows], confirmed())
    assert (mapped.column("barcode"), mapped.decision) == (5, "accept")


def test_a_renamed_price_column_is_followed_and_asked_about() -> None:
    mapped = read(renamed(rows_of(), "Price 1", "Price A"), confirmed())
    assert mapped.column("price") == 2
    assert [question.code for question in mapped.questions] == ["drift"]
    assert "“Price 1” (price) is now called “Price A”" in mapped.questions[0].message


def test_a_wholesale_column_that_is_called_retail_now_is_not_followed_silently() -> None:
    line = "sku:SKU; name:Name; price:Wholesale price; stock:Stock"
    before = confirmed(rows_of(line))
    mapped = read(renamed(rows_of(line), "Wholesale price", "Retail price"), before)
    assert mapped.decision == "ask"
    assert any("the column of price is gone" in question.message for question in mapped.questions)


def test_a_lost_column_is_asked_about() -> None:
    mapped = read([row[:4] for row in rows_of()], confirmed())
    assert [question.message for question in mapped.questions] == [
        "since the last list: the column of stock is gone. Is that right?"
    ]


def test_a_person_s_word_wins_over_what_is_remembered() -> None:
    mapped = read(rows_of(), confirmed(), column_mapping={"price": "Price 2"})
    assert mapped.column("price") == 3


def test_retail_pasted_into_wholesale_is_noticed() -> None:
    line = "sku:SKU; name:Name; price:Wholesale price; xprice:RRP"
    rows = rows_of(line)
    for row in rows[1:]:
        row[3] = f"{float(str(row[2])) * 1.4:.2f}"
    before = confirmed(rows)
    pasted = [rows[0], *([row[0], row[1], row[3], row[3]] for row in rows[1:])]
    mapped = read(pasted, before)
    assert mapped.decision == "ask"
    assert any("same values as “RRP”" in question.message for question in mapped.questions)


def test_a_new_currency_is_noticed() -> None:
    line = "sku:SKU; name:Name; mprice:Price"
    before = confirmed(rows_of(line))
    dollars = [[str(cell).replace("€", "USD") if c == 2 else cell for c, cell in enumerate(r)] for r in rows_of(line)]
    mapped = read(dollars, before)
    assert "prices were in EUR and are now in USD" in mapped.questions[0].message


def test_one_factor_on_all_prices_is_noticed() -> None:
    line = "sku:SKU; name:Name; price:Price"
    before = confirmed(rows_of(line))
    dearer = [rows_of(line)[0], *([a, b, f"{float(str(c)) * 2:.2f}"] for a, b, c in rows_of(line)[1:])]
    assert "by the same factor, 2" in read(dearer, before).questions[0].message
    raised = [rows_of(line)[0], *([a, b, f"{float(str(c)) * 1.05:.2f}"] for a, b, c in rows_of(line)[1:])]
    assert read(raised, before).decision == "accept"


def test_a_list_without_header_is_remembered_by_position() -> None:
    rows = rows_of("sku:x; name:x; iprice:x")[1:]
    assert read(rows).decision == "ask"
    assert read(rows, remember(read(rows))).decision == "accept"


def test_the_drift_report_names_what_was_added_removed_renamed_and_moved() -> None:
    before = RememberedMapping(signature="", headers=("Art", "Text", "Price", "Weight", "Stock"), fields={"price": 2})
    fields, drift = compare_headers(before, ("Text", "Art", "Price", "Mass", "Stock", "Origin"))
    assert fields == {"price": 2}
    assert [(m.header_before, m.header_now) for m in drift.renamed] == [("Weight", "Mass")]
    assert drift.added == ("Origin",)
    assert drift.removed == ()
    assert {m.header_now for m in drift.moved} == {"Text", "Art"}
    assert not drift.touches_fields
