"""Versions in the order in which they were written."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {"resource_by_change": "resource", "resource_history_by_change": "resource_history"}


def upgrade() -> None:
    for index, table in INDEXES.items():
        op.create_index(index, table, ["org", "type", "updated", "key"])


def downgrade() -> None:
    for index, table in INDEXES.items():
        op.drop_index(index, table)
