"""What went to an EMR and is not settled yet: creates that must not go out twice, questions, and pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), primary_key=True),
        sa.Column("patient", sa.String(64), primary_key=True),
        sa.Column("sent", sa.BigInteger()),
        sa.Column("asked", sa.JSON()),
        sa.Column("files", sa.JSON()),
    )
    op.create_index("delivery_outstanding", "delivery", ["connection", "sent"])


def downgrade() -> None:
    op.drop_index("delivery_outstanding", "delivery")
    op.drop_table("delivery")
