"""The index of composite search parameters, and which extraction the index was made by (gateway/store/reindex.py)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import CODE_POINT_TEXT

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXTS = ("first_code", "first_system", "low", "high", "system", "code")


def upgrade() -> None:
    op.create_table(
        "index_composite",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("param", sa.Integer(), nullable=False),
        *(sa.Column(name, CODE_POINT_TEXT, nullable=False) for name in TEXTS),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "param", *TEXTS, "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("index_composite_by_resource", "index_composite", ["org", "key", "param", *TEXTS])
    state = op.create_table(
        "index_state",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "version": 1}])


def downgrade() -> None:
    op.drop_table("index_state")
    op.drop_table("index_composite")
