"""The types around understanding a sheet: what a supplier told us (hints) and what was understood (a mapping).

Types only, JSON-serialisable because they cross op boundaries and are remembered per supplier. The finding is
done in `core/layout/find_table.py`, `core/columns/assign_columns.py` and `numbers.py`.
"""

import hashlib
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion_dagster.core.price_terms import NO_STEPS, NOTHING_DONE, PriceSteps, PriceTerms

Decision = Literal["accept", "ask", "refuse"]
KeyField = Literal["supplier_sku", "barcode", "name"]


class ReadingHints(BaseModel):
    """What is known before the sheet is opened: from the supplier's settings or a message's `source_config`.

    Row and column numbers here are 1-based, as people count; everything hinted wins over what is detected and
    is checked against the sheet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    sheet_name: str | None = None
    column_mapping: dict[str, str | int] = Field(default_factory=dict)
    """field -> header text, column letter (`C`) or 1-based index."""
    characteristic_columns: tuple[str, ...] | None = None
    """Headers (or letters, or indices) to keep as characteristics; None keeps every unmapped column."""
    header_row: int | None = Field(default=None, ge=0)
    """1-based header row; 0 says that the sheet has none."""
    data_start_row: int | None = Field(default=None, ge=1)
    currency: str | None = None
    """ISO 4217 code of the supplier, used where the sheet says nothing."""
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    price_scale: int = Field(default=2, ge=0, le=6)
    """Decimals of a price; more are handled by `price_scale_policy`."""
    price_scale_policy: Literal["reject", "round"] = "reject"
    zero_price: Literal["reject", "accept"] = "reject"
    price_basis: int | str | None = None
    """For how many pieces printed prices are, or the column that says so (header, letter); 1 says: as printed."""
    price_factor: Decimal | None = None
    """What printed prices are multiplied with (0.01: they are cents); 1 says: as printed."""
    message_language: str = "en"
    """Language in which rejects are explained to the supplier (`de`, `ru`)."""


class FieldColumn(BaseModel):
    """One field's column: 0-based, how sure, and why in words."""

    model_config = ConfigDict(frozen=True)

    column: int
    header: str
    confidence: float
    evidence: tuple[str, ...] = ()


class NumberStyle(BaseModel):
    """How a text column writes its numbers, as its values prove it. None: nothing in the column needs it."""

    model_config = ConfigDict(frozen=True)

    decimal: Literal[".", ","] | None = None
    thousands: str | None = None
    """`.`, `,`, `'` or a space; every kind of space counts as one."""
    evidence: str = ""
    ambiguous: bool = False
    """True where the values fit both readings: `1.234` and nothing else. Then the sheet asks."""


class Question(BaseModel):
    """Something only a person can settle. `field` and `columns` say what an answer would set."""

    model_config = ConfigDict(frozen=True)

    code: str
    """Stable: `price_column`, `key`, `decimal`, `currency`, `header`, `tab`, `drift` …"""
    message: str
    field: str | None = None
    columns: tuple[int, ...] = ()
    options: tuple[str, ...] = ()


class NameGroups(BaseModel):
    """Names stand in the first row of each group only. Columns are 0-based; `group` is the one whose value the rows of
    a group share, None where none says so."""

    model_config = ConfigDict(frozen=True)

    name: int
    key: int
    group: int | None = None


class PriceProfile(BaseModel):
    """What a list's prices looked like, from a sample: enough to notice that another column was pasted in."""

    model_config = ConfigDict(frozen=True)

    count: int = 0
    median: float | None = None
    currency: str | None = None
    samples: dict[str, float] = Field(default_factory=dict)
    """Key -> price of some items."""
    beside: dict[str, float] = Field(default_factory=dict)
    """Header of another price column -> median of its price divided by the loaded one."""


class MappedSheet(BaseModel):
    """What was understood of one tab. Rows and columns are 0-based sheet positions."""

    model_config = ConfigDict(frozen=True)

    sheet: str
    is_pricelist: bool
    header_row_index: int
    """The first header row, -1 where the sheet has none."""
    header_rows: tuple[int, ...] = ()
    first_data_row: int = 0
    last_data_row: int | None = None
    """Last row of the table where something else follows below (a second table); None: to the end."""
    first_column: int = 0
    last_column: int | None = None
    """The table's columns where another table stands beside it; None: to the right end."""
    headers: tuple[str, ...] = ()
    """One text per column from column 0 on, header rows joined by a space, blank where there is none."""
    fields: dict[str, FieldColumn] = Field(default_factory=dict)
    characteristics: dict[str, int] = Field(default_factory=dict)
    """Unique header text -> column, for every column kept beside the fields."""
    key: KeyField = "supplier_sku"
    currency: str | None = None
    """ISO 4217 of the price column where no cell or column says otherwise."""
    currency_evidence: str = ""
    currency_over_formats: bool = False
    """The supplier's setting decided against the number formats of the price cells."""
    number_styles: dict[str, NumberStyle] = Field(default_factory=dict)
    """For `price` and `stock`, where the column holds text numbers."""
    qualifiers: dict[str, str] = Field(default_factory=dict)
    """What the price is: `tax` net|gross, `tier` purchase|wholesale|retail, `per` unit|pack …"""
    price_terms: PriceTerms = NOTHING_DONE
    """How a printed price becomes the price of one piece."""
    steps: PriceSteps = NO_STEPS
    """Prices by quantity."""
    confidence: float = 0.0
    decision: Decision = "refuse"
    alternatives: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    language: str | None = None
    signature: str = ""
    """Stable hash of the normalised header texts in order: the key under which an answer is remembered."""
    notes: tuple[str, ...] = ()
    other_sheets: tuple[str, ...] = ()
    name_groups: NameGroups | None = None
    price_profile: PriceProfile | None = None
    sections: tuple["Section", ...] = ()
    """Parts of the table with a header or title of their own, in order."""

    def column(self, field: str) -> int | None:
        """The 0-based column of `field`, None where it has none."""
        found = self.fields.get(field)
        return found.column if found else None

    def mapping(self) -> dict[str, int]:
        """field -> column, mapped fields only."""
        return {name: found.column for name, found in self.fields.items()}

    @property
    def rows_are_steps(self) -> bool:
        """Whether a row may be one step of an item, here or in a section."""
        readings = (self, *(section.reading for section in self.sections))
        return any(reading.steps.quantity_column is not None for reading in readings if reading is not None)

    def reading_at(self, row: int) -> "MappedSheet":
        """The reading of row `row`: that of the last section that begins above it, else this one."""
        before = [s.reading for s in self.sections if s.first_row <= row and s.reading is not None]
        return before[-1] if before else self


class Section(BaseModel):
    """Rows of a table that are read by a header (or a title) of their own."""

    model_config = ConfigDict(frozen=True)

    first_row: int
    """0-based row of the header or title itself."""
    reading: MappedSheet | None
    """How the rows below are read, positions in the whole sheet; None where the header cannot be read: they are
    rejected."""
    doubt: str = ""
    """Why a person is asked before the rows are read so; empty where it is clear."""

    @property
    def signature(self) -> str:
        """Under which an answer about this section is remembered: its header texts and what is doubtful."""
        texts = self.reading.headers if self.reading else ()
        return hashlib.sha256("\x1f".join((*texts, self.doubt)).encode(errors="surrogatepass")).hexdigest()[:16]
