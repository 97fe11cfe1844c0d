"""The catalogue, the record of requests, snapshots and batches, and the views over them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PRODUCT_STATUS = postgresql.ENUM("draft", "active", "archived", name="product_status", create_type=False)

ITEMS_CURRENT = """
CREATE VIEW supplier_items_current AS
SELECT item.id, item.supplier_id, supplier.key AS supplier_key, supplier.name AS supplier_name,
       item.product_id, item.supplier_sku, item.name, item.current_price, item.currency, item.stock, item.barcode,
       item.brand, item.category, item.unit, item.description, item.url_image, item.characteristics, item.active,
       item.missing_since, item.created_at, item.updated_at,
       CASE WHEN item.missing_since IS NULL THEN greatest(item.last_ingested_at, supplier.last_seen_at)
            ELSE item.last_ingested_at END AS last_ingested_at,
       supplier.last_seen_at AS list_last_seen_at
FROM supplier_items item JOIN suppliers supplier ON supplier.id = item.supplier_id
"""

PRICE_VALIDITY = """
CREATE VIEW price_validity AS
SELECT id AS price_history_id, supplier_item_id, price, currency, batch_id, row_number, column_index,
       recorded_at AS valid_from,
       lead(recorded_at) OVER (PARTITION BY supplier_item_id ORDER BY recorded_at, id) AS valid_to
FROM price_history
"""

PRICES_AS_OF = """
CREATE FUNCTION prices_as_of(moment timestamptz)
RETURNS TABLE (supplier_id uuid, supplier_item_id bigint, supplier_sku text, price numeric(18,4), currency text,
               recorded_at timestamptz, batch_id bigint, missing boolean)
LANGUAGE sql STABLE AS $$
    SELECT item.supplier_id, item.id, item.supplier_sku, known.price, known.currency, known.recorded_at,
           known.batch_id,
           EXISTS (SELECT FROM item_absences absence
                   WHERE absence.supplier_item_id = item.id AND absence.missing_since <= moment
                     AND (absence.returned_at IS NULL OR absence.returned_at > moment))
    FROM supplier_items item
    CROSS JOIN LATERAL (
        SELECT history.price, history.currency, history.recorded_at, history.batch_id
        FROM price_history history
        WHERE history.supplier_item_id = item.id AND history.recorded_at <= moment
        ORDER BY history.recorded_at DESC, history.id DESC LIMIT 1
    ) known
$$
"""

# Rows that wait for a person must outlive a crash of the server: they move to the part that is logged.
KEEP_STAGED_ITEMS = """
CREATE FUNCTION keep_staged_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE staged_items SET held = true WHERE batch_id = NEW.id AND NOT held;
    RETURN NULL;
END
$$
"""

BATCH_IS_HELD = """
CREATE TRIGGER batch_is_held AFTER UPDATE OF state ON ingestion_batches
FOR EACH ROW WHEN (NEW.state = 'held') EXECUTE FUNCTION keep_staged_items()
"""


def upgrade() -> None:
    PRODUCT_STATUS.create(op.get_bind())
    op.execute("CREATE SEQUENCE ingestion_fence_seq")
    op.create_table(
        "categories",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name=op.f("fk_categories_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("name", "parent_id", name="uq_categories_name_parent", postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "ingestion_deliveries",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False, comment="accepted, duplicate, malformed, rejected or conflict"),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_ingestion_deliveries")),
    )
    op.create_index("ix_ingestion_deliveries_received", "ingestion_deliveries", ["received_at"], unique=False)
    op.create_table(
        "parsing_logs",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("task_id", sa.String(length=255), nullable=False),
        sa.Column("supplier_id", sa.UUID(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("error_type", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column(
            "row_number", sa.Integer(), nullable=True, comment="As people count: the first row of the sheet is 1"
        ),
        sa.Column("cell", sa.Text(), nullable=True, comment="`F12`"),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column(
            "supplier_sku", sa.Text(), nullable=True, comment="Which item the row meant, where that could be read"
        ),
        sa.Column("raw", sa.Text(), nullable=True, comment="The cell's content as it was read"),
        sa.Column("row_data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parsing_logs")),
    )
    op.create_index("ix_parsing_logs_batch", "parsing_logs", ["batch_id"], unique=False)
    op.create_index("ix_parsing_logs_created", "parsing_logs", [sa.literal_column("created_at DESC")], unique=False)
    op.create_index("ix_parsing_logs_supplier", "parsing_logs", ["supplier_id"], unique=False)
    op.create_index("ix_parsing_logs_task", "parsing_logs", ["task_id"], unique=False)
    op.create_table(
        "staged_items",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_number", sa.Integer(), nullable=False, comment="As people count: the first row of the sheet is 1"
        ),
        sa.Column("supplier_sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("stock", sa.Numeric(precision=18, scale=3), nullable=True),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("url_image", sa.Text(), nullable=True),
        sa.Column("characteristics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price_column", sa.SmallInteger(), nullable=False, comment="0-based"),
        sa.Column(
            "held", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="Which part the row is in"
        ),
        postgresql_partition_by="LIST (held)",
    )
    for part, kind, held in (("arriving", "UNLOGGED TABLE", "false"), ("held", "TABLE", "true")):
        op.execute(f"CREATE {kind} staged_items_{part} (LIKE staged_items INCLUDING DEFAULTS INCLUDING COMMENTS)")
        op.execute(f"ALTER TABLE staged_items ATTACH PARTITION staged_items_{part} FOR VALUES IN ({held})")
        op.create_index(f"ix_staged_items_{part}_batch", f"staged_items_{part}", ["batch_id"], unique=False)
    op.create_table(
        "suppliers",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its list was last applied or found unchanged",
        ),
        sa.Column("last_batch_id", sa.BigInteger(), nullable=True, comment="The batch that is in force"),
        sa.Column(
            "managed",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Stands in the registry sheet",
        ),
        sa.Column(
            "drive_listed",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What Google Drive said of its document when it was last asked",
        ),
        sa.Column(
            "drive_state",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What Drive had said before the document was last read; null: always read",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("key ~ '^[a-z0-9][a-z0-9_-]{0,63}$'", name=op.f("ck_suppliers_key_is_a_slug")),
        sa.CheckConstraint("source_type IN ('google_sheets', 'csv', 'excel')", name=op.f("ck_suppliers_source_type")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 255", name=op.f("ck_suppliers_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint("key", name=op.f("uq_suppliers_key")),
    )
    op.create_table(
        "column_mappings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.UUID(), nullable=False),
        sa.Column(
            "signature", sa.Text(), nullable=False, comment="Of the header texts; the key an answer is remembered by"
        ),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_column_mappings_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_mappings")),
        sa.UniqueConstraint("supplier_id", "signature", name="uq_column_mappings_supplier_signature"),
    )
    op.create_table(
        "ingestion_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("task_id", sa.String(length=255), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False, comment="accepted, malformed, rejected or conflict"),
        sa.Column("supplier_id", sa.UUID(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False, comment="Of the content; tells a repeat from a conflict"),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False, comment="The message as it arrived"),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "coalesce_key",
            sa.Text(),
            nullable=True,
            comment="Equal waiting requests of one supplier are one piece of work",
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_retries", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("replays", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("run_key", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("result_published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'leased', 'retry_wait', 'applied', 'held', 'dead', 'superseded')",
            name=op.f("ck_ingestion_requests_state"),
        ),
        sa.CheckConstraint(
            "verdict IN ('accepted', 'malformed', 'rejected', 'conflict')", name=op.f("ck_ingestion_requests_verdict")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_ingestion_requests_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingestion_requests")),
    )
    op.create_index("ix_ingestion_requests_supplier", "ingestion_requests", ["supplier_id", "id"], unique=False)
    op.create_index(
        "ix_ingestion_requests_unpublished",
        "ingestion_requests",
        ["id"],
        unique=False,
        postgresql_where=sa.text("NOT result_published AND result IS NOT NULL"),
    )
    op.create_index(
        "ix_ingestion_requests_waiting",
        "ingestion_requests",
        ["state", sa.literal_column("priority DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'retry_wait', 'leased')"),
    )
    op.create_index(
        "uq_ingestion_requests_leased",
        "ingestion_requests",
        ["supplier_id"],
        unique=True,
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "uq_ingestion_requests_task",
        "ingestion_requests",
        ["task_id"],
        unique=True,
        postgresql_where=sa.text("verdict = 'accepted'"),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("internal_sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("status", PRODUCT_STATUS, server_default="draft", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_products_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("internal_sku", name=op.f("uq_products_internal_sku")),
    )
    op.create_index(op.f("ix_products_category_id"), "products", ["category_id"], unique=False)
    op.create_index(op.f("ix_products_status"), "products", ["status"], unique=False)
    op.create_table(
        "sheet_snapshots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.UUID(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="Below the snapshot store; the same bytes are kept once"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column(
            "source",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Where it was fetched from, without credentials",
        ),
        sa.Column("fetched_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_sheet_snapshots_sha256_is_hex")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_sheet_snapshots_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_snapshots")),
    )
    op.create_index("ix_sheet_snapshots_sha256", "sheet_snapshots", ["sha256"], unique=False)
    op.create_index("ix_sheet_snapshots_supplier", "sheet_snapshots", ["supplier_id", "id"], unique=False)
    op.create_table(
        "ingestion_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.UUID(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "base_batch_id", sa.BigInteger(), nullable=True, comment="The batch in force when this one was staged"
        ),
        sa.Column("task_id", sa.String(length=255), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=False,
            comment="Of the bytes and of everything that decides how they are read",
        ),
        sa.Column(
            "content_hash", sa.Text(), nullable=True, comment="Of the staged rows; an approval applies exactly these"
        ),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("mapping_id", sa.BigInteger(), nullable=True, comment="The remembered mapping that was used, if any"),
        sa.Column("total_rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted_rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rejected_rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("inserted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("missing", sa.Integer(), server_default="0", nullable=False),
        sa.Column("guards", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Timings, price changes, notes",
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('staged', 'applied', 'held', 'approved', 'rejected', 'unchanged', 'failed')",
            name=op.f("ck_ingestion_batches_state"),
        ),
        sa.ForeignKeyConstraint(["snapshot_id"], ["sheet_snapshots.id"], name=op.f("fk_ingestion_batches_snapshot_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_ingestion_batches_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingestion_batches")),
    )
    op.create_index(
        "ix_ingestion_batches_held",
        "ingestion_batches",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state IN ('staged', 'held', 'approved')"),
    )
    op.create_index("ix_ingestion_batches_supplier", "ingestion_batches", ["supplier_id", "id"], unique=False)
    op.create_table(
        "product_transitions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("from_status", PRODUCT_STATUS, nullable=True),
        sa.Column("to_status", PRODUCT_STATUS, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_product_transitions_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_transitions")),
    )
    op.create_index(op.f("ix_product_transitions_product_id"), "product_transitions", ["product_id"], unique=False)
    op.create_table(
        "supplier_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.UUID(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=True),
        sa.Column("supplier_sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("current_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("stock", sa.Numeric(precision=18, scale=3), nullable=True),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("url_image", sa.Text(), nullable=True),
        sa.Column(
            "characteristics", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_loads", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("last_ingested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_supplier_items_currency_is_iso4217")),
        sa.CheckConstraint(
            "current_price >= 0 AND current_price <> 'NaN'", name=op.f("ck_supplier_items_price_is_money")
        ),
        sa.CheckConstraint("length(supplier_sku) BETWEEN 1 AND 255", name=op.f("ck_supplier_items_sku_length")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_supplier_items_product_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_items_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_items")),
        sa.UniqueConstraint("supplier_id", "supplier_sku", name="uq_supplier_items_supplier_sku"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_supplier_items_barcode",
        "supplier_items",
        ["barcode"],
        unique=False,
        postgresql_where=sa.text("barcode IS NOT NULL"),
    )
    op.create_index(
        "ix_supplier_items_characteristics",
        "supplier_items",
        ["characteristics"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"characteristics": "jsonb_path_ops"},
    )
    op.create_index(
        "ix_supplier_items_product",
        "supplier_items",
        ["product_id"],
        unique=False,
        postgresql_where=sa.text("product_id IS NOT NULL"),
    )
    op.create_table(
        "batch_transitions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["ingestion_batches.id"], name=op.f("fk_batch_transitions_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_transitions")),
    )
    op.create_index(op.f("ix_batch_transitions_batch_id"), "batch_transitions", ["batch_id"], unique=False)
    op.create_table(
        "item_absences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_item_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["supplier_item_id"], ["supplier_items.id"], name=op.f("fk_item_absences_supplier_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_absences")),
    )
    op.create_index(op.f("ix_item_absences_supplier_item_id"), "item_absences", ["supplier_item_id"], unique=False)
    op.create_table(
        "price_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_item_id", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_number", sa.Integer(), nullable=False, comment="As people count: the first row of the sheet is 1"
        ),
        sa.Column("column_index", sa.SmallInteger(), nullable=False, comment="0-based"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("price >= 0 AND price <> 'NaN'", name=op.f("ck_price_history_price_is_money")),
        sa.ForeignKeyConstraint(
            ["supplier_item_id"], ["supplier_items.id"], name=op.f("fk_price_history_supplier_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_history")),
    )
    op.create_index("ix_price_history_item", "price_history", ["supplier_item_id", "recorded_at"], unique=False)
    for statement in (ITEMS_CURRENT, PRICE_VALIDITY, PRICES_AS_OF, KEEP_STAGED_ITEMS, BATCH_IS_HELD):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER batch_is_held ON ingestion_batches")
    op.execute("DROP FUNCTION keep_staged_items()")
    op.execute("DROP FUNCTION prices_as_of(timestamptz)")
    op.execute("DROP VIEW price_validity")
    op.execute("DROP VIEW supplier_items_current")
    for table in (
        "price_history",
        "item_absences",
        "batch_transitions",
        "supplier_items",
        "product_transitions",
        "ingestion_batches",
        "sheet_snapshots",
        "products",
        "ingestion_requests",
        "column_mappings",
        "suppliers",
        "staged_items",
        "parsing_logs",
        "ingestion_deliveries",
        "categories",
    ):
        op.drop_table(table)
    op.execute("DROP SEQUENCE ingestion_fence_seq")
    PRODUCT_STATUS.drop(op.get_bind())
