"""A batch's decision token: who decides from outside of the command line has to know it.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is evaluated for every row there is: older held batches get a token of their own, too.
    op.add_column(
        "ingestion_batches",
        sa.Column(
            "decision_token",
            sa.UUID(),
            nullable=False,
            server_default=sa.text("gen_random_uuid()"),
            comment="Shown where a person decides; the job that decides asks for it",
        ),
    )


def downgrade() -> None:
    op.drop_column("ingestion_batches", "decision_token")
