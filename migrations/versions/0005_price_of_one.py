"""A price is for one piece: six decimals for it, and what was printed for how many pieces beside it.

Going down rounds prices to four decimals and forgets what was printed.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

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
       lead(recorded_at) OVER (PARTITION BY supplier_item_id ORDER BY recorded_at, id) AS valid_to{more}
FROM price_history
"""

PRICES_AS_OF = """
CREATE FUNCTION prices_as_of(moment timestamptz)
RETURNS TABLE (supplier_id uuid, supplier_item_id bigint, supplier_sku text, price {numeric}, currency text,
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

PRINTED = "What the cell says, where that is not the price of one"
BASIS = "For how many pieces the printed price is"
PRICES = (("supplier_items", "current_price"), ("price_history", "price"), ("staged_items", "price"))


def _retype(precision: int, scale: int, more: str) -> None:
    """No view may stand on a column that changes its type: they are made anew after it."""
    for table, column in PRICES:
        op.alter_column(table, column, type_=sa.Numeric(precision, scale), existing_nullable=False)
    op.execute(ITEMS_CURRENT)
    op.execute(PRICE_VALIDITY.format(more=more))
    op.execute(PRICES_AS_OF.format(numeric=f"numeric({precision},{scale})"))


def _drop_views() -> None:
    op.execute("DROP FUNCTION prices_as_of(timestamptz)")
    op.execute("DROP VIEW price_validity")
    op.execute("DROP VIEW supplier_items_current")


def upgrade() -> None:
    for table in ("price_history", "staged_items"):
        op.add_column(table, sa.Column("printed_price", sa.Numeric(20, 6), comment=PRINTED))
        op.add_column(table, sa.Column("price_basis", sa.Integer(), comment=BASIS))
    for part in ("staged_items_arriving", "staged_items_held"):  # a comment does not reach the parts
        op.execute(f"COMMENT ON COLUMN {part}.printed_price IS '{PRINTED}'")
        op.execute(f"COMMENT ON COLUMN {part}.price_basis IS '{BASIS}'")
    op.create_check_constraint(op.f("ck_price_history_basis_counts"), "price_history", "price_basis >= 1")
    _drop_views()
    _retype(20, 6, ", printed_price, price_basis")


def downgrade() -> None:
    _drop_views()
    op.drop_constraint(op.f("ck_price_history_basis_counts"), "price_history")
    for table in ("price_history", "staged_items"):
        op.drop_column(table, "price_basis")
        op.drop_column(table, "printed_price")
    _retype(18, 4, "")
