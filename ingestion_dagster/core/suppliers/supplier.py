"""A supplier as the system works with it: where its list comes from, and the settings that decide how it is read."""

import hashlib
import json
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.fields import FURTHER
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.problems import place_of, reason_of
from ingestion_dagster.core.suppliers.built_in_sources import BUILT_IN
from ingestion_dagster.core.values.currencies import currency_of_country

READER_VERSION = "+".join(("2", *FURTHER))
"""Raised when reading changes so that equal bytes may give other rows; then an unchanged list is read again."""


class Thresholds(BaseModel):
    """When a guard holds a batch. Shares are fractions of 1; each can be set per supplier (`--set guards.NAME=…`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    missing_share: float = Field(0.3, ge=0, le=1)
    """Known items that the list no longer has."""
    reject_share: float = Field(0.3, ge=0, le=1)
    """Rows that could not be taken."""
    duplicate_share: float = Field(0.1, ge=0, le=1)
    """Rows dropped because another row claims the same key with other content."""
    median_change: float = Field(0.3, ge=0)
    """Median of the relative change, judged once a fifth of the known prices changed."""
    changed_share: float = Field(0.9, ge=0, le=1)
    """Known prices that changed, judged once their median change is a tenth or more."""
    jump_factor: float = Field(6.0, gt=1)
    """A price multiplied or divided by at least this jumped: x10 is a shifted decimal, also where the price fell by
    a third at the same time."""
    jump_rows: int = Field(0, ge=0)
    """How many jumps are let through."""
    currency_rows: int = Field(0, ge=0)
    """How many known items may change their currency."""
    copied_share: float = Field(0.8, gt=0, le=1)
    """Changed prices that are another column's, or another row's, values."""
    outlier_factor: float = Field(30.0, gt=1)
    """A new item's price that far above or below every other price of the list."""
    odd_share: float = Field(0.3, gt=0, le=1)
    """First load: prices that are another column's kind of number, keys of a single character."""
    alike_keys_share: float = Field(0.05, gt=0, le=1)
    """First load: keys that equal another one but for zeros, case, blanks and dashes."""
    respelled_rows: int = Field(2, ge=0)
    """How many known keys may come back in another spelling."""
    min_rows: int = Field(5, ge=1)
    """Shares are judged from this many affected rows on; below it every list would look alarming."""


class SupplierSettings(BaseModel):
    """What `--set k=v` and the registry can set. Unknown names are refused, so that a typo is no silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet_name: str | None = None
    column_mapping: dict[str, str | int] = Field(default_factory=dict)
    characteristic_columns: tuple[str, ...] | None = None
    header_row: int | None = Field(None, ge=0)
    data_start_row: int | None = Field(None, ge=1)
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    country: str | None = Field(None, pattern="^[A-Z]{2}$")
    """ISO 3166: its currency is expected of the first list."""
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    price_scale: int = Field(2, ge=0, le=6)
    price_scale_policy: Literal["reject", "round"] = "reject"
    zero_price: Literal["reject", "accept"] = "reject"
    price_basis: Annotated[int, Field(ge=1, le=1_000_000)] | Annotated[str, Field(min_length=1)] | None = None
    price_factor: Decimal | None = Field(None, ge=Decimal("0.000001"), le=1_000_000_000)
    duplicates: Literal["reject", "first", "last", "lowest"] = "reject"
    language: Literal["en", "ru", "de"] | None = None
    missing_grace: int | None = Field(None, ge=1)
    draft_products: bool = False
    guards: Thresholds = Thresholds()


class Supplier(BaseModel):
    """One row of the registry."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    key: str
    name: str
    source_type: str
    source: dict[str, Any]
    settings: SupplierSettings
    active: bool
    contact_email: str | None = None
    last_batch_id: int | None = None

    def hints(self) -> ReadingHints:
        """What is known before its sheet is opened: its settings, over what the messages said."""
        known = {name: value for name, value in self.source.items() if name in ReadingHints.model_fields}
        settings = self.settings.model_dump(exclude_none=True, exclude_defaults=True)
        known |= {name: value for name, value in settings.items() if name in ReadingHints.model_fields}
        if self.settings.language:
            known["message_language"] = self.settings.language
        if self.picks_tab():
            known.pop("sheet_name", None)  # may be a pattern, or a number may go before it: see `wanted_tab`
        return ReadingHints.model_validate(known)

    def picks_tab(self) -> bool:
        """Whether only the wanted tab was brought."""
        kind = BUILT_IN.get(self.source_type)
        return kind is not None and kind.picks_tab

    def expected_currency(self) -> str | None:
        """ISO 4217 of the setting `currency`, else of the country; None where neither is set."""
        settings = self.settings
        return settings.currency or (currency_of_country(settings.country) if settings.country else None)

    def wanted_tab(self) -> str | None:
        """Title of the tab to be read; of a Google Sheet also a pattern, and only that tab is fetched."""
        return self.settings.sheet_name or self.source.get("sheet_name") or None

    def reading_rules(self) -> str:
        """Hash of everything but the bytes that decides how its list is read and judged row by row."""
        rules = {
            "reader": READER_VERSION,
            "hints": self.hints().model_dump(mode="json"),
            "duplicates": self.settings.duplicates,
            "gid": self.source.get("gid"),
            "tab": self.wanted_tab(),
        }
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]


def settings_from(values: JsonObject) -> SupplierSettings:
    """Checked settings. Raises SourceRejected naming the setting and what it can be."""
    try:
        return SupplierSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = place_of(first)
        if first["type"] == "extra_forbidden":
            raise SourceRejected(_unknown(name)) from None
        raise SourceRejected(f"setting {name}: {reason_of(first)}") from None


def _unknown(name: str) -> str:
    if name.startswith("guards."):
        known = ", ".join(f"guards.{one}" for one in Thresholds.model_fields)
        return f"there is no guard setting {name!r}; there are: {known}"
    known = ", ".join(f"{one}.…" if one == "guards" else one for one in sorted(SupplierSettings.model_fields))
    return f"there is no setting {name!r}; there are: {known}"
