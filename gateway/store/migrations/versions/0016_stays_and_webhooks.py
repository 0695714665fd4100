"""Stays as they were taken last, charts to fetch by key, and when each webhook was seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook",
        _connection(),
        sa.Column("hook", sa.String(64), primary_key=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.BigInteger()),
    )
    op.create_table(
        "stay",
        _connection(),
        sa.Column("key", sa.String(256), primary_key=True),
        sa.Column("patient", sa.String(64), nullable=False),
        sa.Column("changed", sa.BigInteger()),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("discharged", sa.Boolean(), nullable=False),
        sa.Column("referral", sa.Text()),
        sa.Column("locked", sa.BigInteger()),
    )
    op.create_index("stay_by_patient", "stay", ["connection", "patient"])
    op.create_table(
        "recall",
        _connection(),
        sa.Column("key", sa.String(256), primary_key=True),
        sa.Column("asked", sa.BigInteger(), nullable=False),
    )


def _connection() -> sa.Column[int]:
    return sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), primary_key=True, autoincrement=False)


def downgrade() -> None:
    for table in ("recall", "stay", "webhook"):
        op.drop_table(table)
