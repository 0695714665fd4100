"""The audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import CODE_POINT_TEXT

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def organisation() -> sa.Column[int]:
    return sa.Column("org", sa.Integer(), primary_key=True, nullable=False, autoincrement=False)


def name(column: str) -> sa.Column[str]:
    return sa.Column(column, CODE_POINT_TEXT, primary_key=True, nullable=False)


def upgrade() -> None:
    op.create_table(
        "audit_event",
        organisation(),
        name("id"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("audit_mention", organisation(), name("mention"), name("id"), sqlite_with_rowid=False)


def downgrade() -> None:
    op.drop_table("audit_mention")
    op.drop_table("audit_event")
