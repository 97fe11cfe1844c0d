"""The catalogue's tables, as SQLAlchemy Core knows them. Views, functions and triggers live in the migrations.

Reasons behind the physical choices (measured on 100,000 rows): fillfactor 80 and no index on price or dates keep
updates HOT; `jsonb_path_ops` with fastupdate costs a third less WAL than the default GIN; identity ids instead
of random UUIDs keep index pages local; tables of pure evidence carry no foreign keys, so that writing them
never waits for the load they describe.
"""

from typing import Any, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from ingestion_dagster.core.fields import OPTIONAL, TABLE, Kind
from ingestion_dagster.store.states import BatchState, ProductStatus, RequestState, Verdict

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PRODUCT_STATES: tuple[str, ...] = get_args(ProductStatus)
REQUEST_STATES: tuple[str, ...] = get_args(RequestState)
BATCH_STATES: tuple[str, ...] = get_args(BatchState)

product_status = Enum(*PRODUCT_STATES, name="product_status", metadata=metadata)
fence_sequence = Sequence("ingestion_fence_seq", metadata=metadata)


def _one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    quoted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=name)


def _moment(name: str, *, required: bool = True, now: bool = False) -> Column:  # type: ignore[type-arg]
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=func.now() if now else None)


def _money(column: str, name: str) -> CheckConstraint:
    """`NaN >= 0` is true in PostgreSQL, so NaN needs its own words."""
    return CheckConstraint(f"{column} >= 0 AND {column} <> 'NaN'", name=name)


suppliers = Table(
    "suppliers",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("source_type", Text, nullable=False),
    Column("source", JSONB, nullable=False, server_default=text("'{}'")),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
    Column("contact_email", Text),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("last_seen_at", DateTime(timezone=True), comment="When its list was last applied or found unchanged"),
    Column("last_batch_id", BigInteger, comment="The batch that is in force"),
    Column("managed", Boolean, nullable=False, server_default=text("false"), comment="Stands in the registry sheet"),
    Column("drive_listed", JSONB, comment="What Google Drive said of its document when it was last asked"),
    Column("drive_state", JSONB, comment="What Drive had said before the document was last read; null: always read"),
    _moment("created_at", now=True),
    _moment("updated_at", now=True),
    CheckConstraint("key ~ '^[a-z0-9][a-z0-9_-]{0,63}$'", name="key_is_a_slug"),
    CheckConstraint("length(name) BETWEEN 1 AND 255", name="name_length"),
    CheckConstraint("source_type ~ '^[a-z][a-z0-9_]{0,31}$'", name="source_type"),
)

categories = Table(
    "categories",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_id", BigInteger, ForeignKey("categories.id")),
    _moment("created_at", now=True),
    UniqueConstraint("name", "parent_id", name="uq_categories_name_parent", postgresql_nulls_not_distinct=True),
)

products = Table(
    "products",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()),
    Column("internal_sku", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("category_id", BigInteger, ForeignKey("categories.id"), index=True),
    Column("status", product_status, nullable=False, server_default="draft", index=True),
    _moment("created_at", now=True),
    _moment("updated_at", now=True),
)

product_transitions = Table(
    "product_transitions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("product_id", UUID(as_uuid=True), ForeignKey("products.id"), nullable=False, index=True),
    Column("from_status", product_status),
    Column("to_status", product_status, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    _moment("at", now=True),
)

sheet_snapshots = Table(
    "sheet_snapshots",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("supplier_id", UUID(as_uuid=True), ForeignKey("suppliers.id"), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("path", Text, nullable=False, comment="Below the snapshot store; the same bytes are kept once"),
    Column("size_bytes", BigInteger, nullable=False),
    Column("filename", Text, nullable=False),
    Column("source", JSONB, nullable=False, comment="Where it was fetched from, without credentials"),
    _moment("fetched_at", now=True),
    _moment("deleted_at", required=False),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hex"),
    Index("ix_sheet_snapshots_supplier", "supplier_id", "id"),
    Index("ix_sheet_snapshots_sha256", "sha256"),
)

column_mappings = Table(
    "column_mappings",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("supplier_id", UUID(as_uuid=True), ForeignKey("suppliers.id"), nullable=False),
    Column("signature", Text, nullable=False, comment="Of the header texts; the key an answer is remembered by"),
    Column("mapping", JSONB, nullable=False),
    Column("confirmed", Boolean, nullable=False, server_default=text("false")),
    Column("confirmed_by", Text),
    _moment("created_at", now=True),
    _moment("updated_at", now=True),
    UniqueConstraint("supplier_id", "signature", name="uq_column_mappings_supplier_signature"),
)

ingestion_batches = Table(
    "ingestion_batches",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("supplier_id", UUID(as_uuid=True), ForeignKey("suppliers.id"), nullable=False),
    Column("snapshot_id", BigInteger, ForeignKey("sheet_snapshots.id"), nullable=False),
    Column("base_batch_id", BigInteger, comment="The batch in force when this one was staged"),
    Column("task_id", String(255)),
    Column("run_id", Text),
    Column("state", Text, nullable=False),
    Column(
        "fingerprint", Text, nullable=False, comment="Of the bytes and of everything that decides how they are read"
    ),
    Column("content_hash", Text, comment="Of the staged rows; an approval applies exactly these"),
    Column(
        "decision_token",
        UUID(as_uuid=True),
        nullable=False,
        server_default=text("gen_random_uuid()"),
        comment="Shown where a person decides; the job that decides asks for it",
    ),
    Column("mapping", JSONB),
    Column("mapping_id", BigInteger, comment="The remembered mapping that was used, if any"),
    Column("total_rows", Integer, nullable=False, server_default="0"),
    Column("accepted_rows", Integer, nullable=False, server_default="0"),
    Column("rejected_rows", Integer, nullable=False, server_default="0"),
    Column("inserted", Integer, nullable=False, server_default="0"),
    Column("updated", Integer, nullable=False, server_default="0"),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("missing", Integer, nullable=False, server_default="0"),
    Column("guards", JSONB, nullable=False, server_default=text("'[]'")),
    Column("questions", JSONB, nullable=False, server_default=text("'[]'")),
    Column("report", JSONB, nullable=False, server_default=text("'{}'"), comment="Timings, price changes, notes"),
    Column("reason", Text),
    _moment("created_at", now=True),
    _moment("decided_at", required=False),
    _one_of("state", BATCH_STATES, "state"),
    Index("ix_ingestion_batches_supplier", "supplier_id", "id"),
    Index("ix_ingestion_batches_held", "state", postgresql_where=text("state IN ('staged', 'held', 'approved')")),
)

batch_transitions = Table(
    "batch_transitions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("batch_id", BigInteger, ForeignKey("ingestion_batches.id"), nullable=False, index=True),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    _moment("at", now=True),
)


PRICE = Numeric(20, 6)
"""A price for one piece: a printed one divided by a thousand has five decimals, by ten thousand six."""


def _printed() -> tuple[Column, Column]:  # type: ignore[type-arg]
    return (
        Column("printed_price", PRICE, comment="What the cell says, where that is not the price of one"),
        Column("price_basis", Integer, comment="For how many pieces the printed price is"),
    )


def _optional_fields() -> list[Column]:  # type: ignore[type-arg]
    types: dict[Kind, Any] = {
        "text": Text(),
        "lines": Text(),
        "integer": Integer(),
        "amount": Numeric(18, 3),
        "price": PRICE,
    }
    return [Column(name, types[TABLE[name].kind]) for name in OPTIONAL]


def _staged(name: str, *more: Index, **options: Any) -> Table:
    return Table(
        name,
        metadata,
        Column("batch_id", BigInteger, nullable=False),
        Column("row_number", Integer, nullable=False, comment="As people count: the first row of the sheet is 1"),
        Column("supplier_sku", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("price", PRICE, nullable=False),
        *_optional_fields(),
        Column("characteristics", JSONB, nullable=False),
        Column("price_column", SmallInteger, nullable=False, comment="0-based"),
        *_printed(),
        Column("from_quantity", Integer, comment="The least quantity of the price, where a list says one"),
        Column("price_steps", JSONB, comment="All prices by quantity, as `core.row_steps.step_text` writes one"),
        Column("held", Boolean, nullable=False, server_default=text("false"), comment="Which part the row is in"),
        *more,
        **options,
    )


# One table in two parts: rows of a load on its way are written without WAL, rows that wait for a person with it. A
# trigger on the batch's state moves them (ADR 0009).
staged_items = _staged("staged_items", postgresql_partition_by="LIST (held)")
staged_items_arriving = _staged("staged_items_arriving", Index("ix_staged_items_arriving_batch", "batch_id"))
staged_items_held = _staged("staged_items_held", Index("ix_staged_items_held_batch", "batch_id"))

supplier_items = Table(
    "supplier_items",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("supplier_id", UUID(as_uuid=True), ForeignKey("suppliers.id"), nullable=False),
    Column("product_id", UUID(as_uuid=True), ForeignKey("products.id", ondelete="SET NULL")),
    Column("supplier_sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("current_price", PRICE, nullable=False),
    *_optional_fields(),
    Column("characteristics", JSONB, nullable=False, server_default=text("'{}'")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("missing_since", DateTime(timezone=True)),
    Column("missing_loads", SmallInteger, nullable=False, server_default="0"),
    _moment("last_ingested_at", now=True),
    _moment("created_at", now=True),
    _moment("updated_at", now=True),
    UniqueConstraint("supplier_id", "supplier_sku", name="uq_supplier_items_supplier_sku"),
    CheckConstraint("length(supplier_sku) BETWEEN 1 AND 255", name="sku_length"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso4217"),
    _money("current_price", "price_is_money"),
    Index(
        "ix_supplier_items_characteristics",
        "characteristics",
        postgresql_using="gin",
        postgresql_ops={"characteristics": "jsonb_path_ops"},
    ),
    Index("ix_supplier_items_product", "product_id", postgresql_where=text("product_id IS NOT NULL")),
    Index("ix_supplier_items_barcode", "barcode", postgresql_where=text("barcode IS NOT NULL")),
    postgresql_with={"fillfactor": "80"},
)

price_history = Table(
    "price_history",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("supplier_item_id", BigInteger, ForeignKey("supplier_items.id"), nullable=False),
    Column("price", PRICE, nullable=False),
    Column("currency", Text),
    Column("batch_id", BigInteger, nullable=False),
    Column("row_number", Integer, nullable=False, comment="As people count: the first row of the sheet is 1"),
    Column("column_index", SmallInteger, nullable=False, comment="0-based"),
    *_printed(),
    _moment("recorded_at", now=True),
    _moment("clock_said", required=False),
    _money("price", "price_is_money"),
    CheckConstraint("price_basis >= 1", name="basis_counts"),
    Index("ix_price_history_item", "supplier_item_id", "recorded_at"),
)

price_steps = Table(
    "price_steps",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("supplier_id", UUID(as_uuid=True), nullable=False),
    Column("supplier_item_id", BigInteger, ForeignKey("supplier_items.id"), nullable=False),
    Column("from_quantity", Integer, nullable=False, comment="The price holds from so many pieces on"),
    Column("price", PRICE, nullable=False),
    Column("currency", Text),
    Column("batch_id", BigInteger, nullable=False),
    Column("row_number", Integer, nullable=False, comment="As people count: the first row of the sheet is 1"),
    Column("column_index", SmallInteger, nullable=False, comment="0-based"),
    *_printed(),
    _moment("valid_from"),
    _moment("valid_to", required=False),
    _money("price", "price_is_money"),
    CheckConstraint("from_quantity >= 1", name="quantity_counts"),
    Index("ix_price_steps_item", "supplier_item_id", "from_quantity"),
    Index(
        "uq_price_steps_valid",
        "supplier_id",
        "supplier_item_id",
        "from_quantity",
        unique=True,
        postgresql_where=text("valid_to IS NULL"),
    ),
)

item_absences = Table(
    "item_absences",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("supplier_item_id", BigInteger, ForeignKey("supplier_items.id"), nullable=False, index=True),
    Column("batch_id", BigInteger, nullable=False),
    _moment("missing_since"),
    _moment("returned_at", required=False),
)

item_rekeys = Table(
    "item_rekeys",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("batch_id", BigInteger, nullable=False),
    Column("supplier_item_id", BigInteger),
    Column("former_sku", Text, nullable=False),
    Column("supplier_sku", Text, nullable=False),
    Column(
        "set_aside",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Not found again: the old key, with an addition",
    ),
    _moment("rekeyed_at", required=False),
    Index("ix_item_rekeys_batch", "batch_id"),
    Index("ix_item_rekeys_item", "supplier_item_id"),
    Index("ix_item_rekeys_former", "former_sku"),
)

parsing_logs = Table(
    "parsing_logs",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()),
    Column("task_id", String(255), nullable=False),
    Column("supplier_id", UUID(as_uuid=True)),
    Column("batch_id", BigInteger),
    Column("error_type", Text, nullable=False),
    Column("code", Text),
    Column("error_message", Text, nullable=False),
    Column("row_number", Integer, comment="As people count: the first row of the sheet is 1"),
    Column("cell", Text, comment="`F12`"),
    Column("field", Text),
    Column("supplier_sku", Text, comment="Which item the row meant, where that could be read"),
    Column("raw", Text, comment="The cell's content as it was read"),
    Column("row_data", JSONB),
    _moment("created_at", now=True),
    Index("ix_parsing_logs_supplier", "supplier_id"),
    Index("ix_parsing_logs_task", "task_id"),
    Index("ix_parsing_logs_batch", "batch_id"),
    Index("ix_parsing_logs_created", text("created_at DESC")),
)

ingestion_requests = Table(
    "ingestion_requests",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("task_id", String(255), nullable=False),
    Column("verdict", Text, nullable=False, comment="accepted, malformed, rejected or conflict"),
    Column("supplier_id", UUID(as_uuid=True), ForeignKey("suppliers.id")),
    Column("digest", Text, nullable=False, comment="Of the content; tells a repeat from a conflict"),
    Column("payload", JSONB),
    Column("raw", LargeBinary, nullable=False, comment="The message as it arrived"),
    Column("priority", SmallInteger, nullable=False, server_default="0"),
    Column("coalesce_key", Text, comment="Equal waiting requests of one supplier are one piece of work"),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("max_retries", Integer, nullable=False),
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("unstarted", Integer, nullable=False, server_default="0", comment="Runs that never took the request up"),
    Column("replays", Integer, nullable=False, server_default="0"),
    Column("fence", BigInteger),
    Column("run_key", Text),
    Column("run_id", Text),
    _moment("not_before", now=True),
    _moment("lease_until", required=False),
    Column("last_error", Text),
    Column("error_type", Text),
    Column("batch_id", BigInteger),
    Column("superseded_by", BigInteger),
    Column("result", JSONB),
    Column("result_published", Boolean, nullable=False, server_default=text("false")),
    _moment("received_at", now=True),
    _moment("finished_at", required=False),
    _one_of("state", REQUEST_STATES, "state"),
    _one_of("verdict", get_args(Verdict), "verdict"),
    Index("uq_ingestion_requests_task", "task_id", unique=True, postgresql_where=text("verdict = 'accepted'")),
    Index("uq_ingestion_requests_leased", "supplier_id", unique=True, postgresql_where=text("state = 'leased'")),
    Index(
        "ix_ingestion_requests_waiting",
        "state",
        text("priority DESC"),
        "id",
        postgresql_where=text("state IN ('pending', 'retry_wait', 'leased')"),
    ),
    Index("ix_ingestion_requests_supplier", "supplier_id", "id"),
    Index("ix_ingestion_requests_finished", "finished_at", postgresql_where=text("state IN ('dead', 'held')")),
    Index(
        "ix_ingestion_requests_unpublished",
        "id",
        postgresql_where=text("NOT result_published AND result IS NOT NULL"),
    ),
)

ingestion_deliveries = Table(
    "ingestion_deliveries",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("request_id", BigInteger, nullable=False),
    Column("verdict", Text, nullable=False, comment="accepted, duplicate, malformed, rejected or conflict"),
    _moment("received_at", now=True),
    Index("ix_ingestion_deliveries_received", "received_at"),
)

ingestion_alerts = Table(
    "ingestion_alerts",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("trouble", Text),
    _moment("not_before", now=True),
    _moment("told_at", required=False),
)
