"""Prices by quantity: every step of an item with its provenance and history.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

QUANTITY = "The least quantity of the price, where a list says one"
STEPS = "All prices by quantity, as `core.row_steps.step_text` writes one"
PRINTED = "What the cell says, where that is not the price of one"
BASIS = "For how many pieces the printed price is"


def upgrade() -> None:
    op.add_column("staged_items", sa.Column("from_quantity", sa.Integer(), comment=QUANTITY))
    op.add_column("staged_items", sa.Column("price_steps", postgresql.JSONB(astext_type=sa.Text()), comment=STEPS))
    for part in ("staged_items_arriving", "staged_items_held"):  # a comment does not reach the parts
        op.execute(f"COMMENT ON COLUMN {part}.from_quantity IS '{QUANTITY}'")
        op.execute(f"COMMENT ON COLUMN {part}.price_steps IS '{STEPS}'")
    op.create_table(
        "price_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.UUID(), nullable=False),
        sa.Column("supplier_item_id", sa.BigInteger(), nullable=False),
        sa.Column("from_quantity", sa.Integer(), nullable=False, comment="The price holds from so many pieces on"),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_number", sa.Integer(), nullable=False, comment="As people count: the first row of the sheet is 1"
        ),
        sa.Column("column_index", sa.SmallInteger(), nullable=False, comment="0-based"),
        sa.Column("printed_price", sa.Numeric(precision=20, scale=6), nullable=True, comment=PRINTED),
        sa.Column("price_basis", sa.Integer(), nullable=True, comment=BASIS),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("price >= 0 AND price <> 'NaN'", name=op.f("ck_price_steps_price_is_money")),
        sa.CheckConstraint("from_quantity >= 1", name=op.f("ck_price_steps_quantity_counts")),
        sa.ForeignKeyConstraint(
            ["supplier_item_id"], ["supplier_items.id"], name=op.f("fk_price_steps_supplier_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_steps")),
    )
    op.create_index("ix_price_steps_item", "price_steps", ["supplier_item_id", "from_quantity"], unique=False)
    op.create_index(
        "uq_price_steps_valid",
        "price_steps",
        ["supplier_id", "supplier_item_id", "from_quantity"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("price_steps")
    op.drop_column("staged_items", "price_steps")
    op.drop_column("staged_items", "from_quantity")
