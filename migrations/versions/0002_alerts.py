"""Which events were told to a person.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingestion_alerts",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject_id", "version", name=op.f("pk_ingestion_alerts")),
    )
    op.create_index("ix_ingestion_requests_finished", "ingestion_requests", ["finished_at"], unique=False,
                    postgresql_where=sa.text("state IN ('dead', 'held')"))  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_ingestion_requests_finished", table_name="ingestion_requests")
    op.drop_table("ingestion_alerts")
