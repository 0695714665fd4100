"""Which versions bear a label that restricts who sees them, and the purposes of use of which each is enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.search.labels import labels_of, required_by
from gateway.store.tables import CODE_POINT_TEXT

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NAMES = ("org", "type", "id", "version")
AT_ONCE = 500


def upgrade() -> None:
    table = op.create_table(
        "labelled_version",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("type", CODE_POINT_TEXT, nullable=False),
        sa.Column("id", CODE_POINT_TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purposes", CODE_POINT_TEXT, nullable=False),
        sa.PrimaryKeyConstraint(*NAMES),
    )
    op.create_index("labelled_version_by_purposes", "labelled_version", ["org", "purposes"])
    for versions in ("resource", "resource_history"):
        for found in _labelled(versions):
            op.bulk_insert(table, found)


def _labelled(versions: str) -> Iterator[list[dict[str, object]]]:
    """What was written before labels were told apart."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in (*NAMES, "body")]
    rows = op.get_bind().execute(sa.select(*columns).select_from(sa.table(versions)))
    while some := rows.fetchmany(AT_ONCE):
        found = []
        for row in some:
            body = bytes(row.body)
            required = required_by(labels_of(json.loads(body))) if b'"security"' in body else None
            if required is not None:
                found.append({name: getattr(row, name) for name in NAMES} | {"purposes": " ".join(sorted(required))})
        if found:
            yield found


def downgrade() -> None:
    op.drop_table("labelled_version")
