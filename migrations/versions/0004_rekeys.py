"""Items that get another key keep their history: which key became which.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item_rekeys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("supplier_item_id", sa.BigInteger(), nullable=True),
        sa.Column("former_sku", sa.Text(), nullable=False),
        sa.Column("supplier_sku", sa.Text(), nullable=False),
        sa.Column("set_aside", sa.Boolean(), server_default=sa.text("false"), nullable=False,
                  comment="Not found again: the old key, with an addition"),
        sa.Column("rekeyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_rekeys")),
    )  # fmt: skip
    op.create_index("ix_item_rekeys_batch", "item_rekeys", ["batch_id"], unique=False)
    op.create_index("ix_item_rekeys_item", "item_rekeys", ["supplier_item_id"], unique=False)
    op.create_index("ix_item_rekeys_former", "item_rekeys", ["former_sku"], unique=False)


def downgrade() -> None:
    op.drop_table("item_rekeys")
