"""What the clock said of a price whose moment it could not be.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("price_history", sa.Column("clock_said", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("price_history", "clock_said")
