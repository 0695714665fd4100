"""What requests with an idempotency key were answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "face_answer",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("stage", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
    )
    op.create_index("face_answer_by_created", "face_answer", ["created"])


def downgrade() -> None:
    op.drop_table("face_answer")
