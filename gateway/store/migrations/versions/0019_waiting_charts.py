"""Charts of an EMR that are not complete enough to be taken in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_chart",
        sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(256), primary_key=True),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("waiting_chart")
