"""Users, their sessions, and how often a password was tried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_account",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("patient", sa.String(64)),
        sa.Column("practitioner", sa.String(64)),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.BigInteger()),
        sa.PrimaryKeyConstraint("org", "email"),
    )
    op.create_table(
        "user_session",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "digest"),
        sa.ForeignKeyConstraint(["org", "email"], ["user_account.org", "user_account.email"], ondelete="CASCADE"),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_index("sign_in_attempts_since", "sign_in_attempts", ["since"])


def downgrade() -> None:
    for table in ("sign_in_attempts", "user_session", "user_account"):
        op.drop_table(table)
