"""A supplier's source may be of a type that an installed package brings.

Taken back, it is refused as long as a supplier has such a source: `ingestion supplier edit` gives it another one.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_suppliers_source_type"), "suppliers")
    op.create_check_constraint(op.f("ck_suppliers_source_type"), "suppliers", "source_type ~ '^[a-z][a-z0-9_]{0,31}$'")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_suppliers_source_type"), "suppliers")
    op.create_check_constraint(
        op.f("ck_suppliers_source_type"), "suppliers", "source_type IN ('google_sheets', 'csv', 'excel')"
    )
