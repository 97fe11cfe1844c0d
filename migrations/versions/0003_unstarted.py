"""How many runs never took their request up.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "ingestion_requests",
        sa.Column(
            "unstarted", sa.Integer(), server_default="0", nullable=False, comment="Runs that never took the request up"
        ),
    )


def downgrade() -> None:
    op.drop_column("ingestion_requests", "unstarted")
