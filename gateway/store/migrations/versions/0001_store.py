"""Organisations, resources, their history and the search index."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES: dict[str, dict[str, Any]] = {
    "index_token": {"code": TEXT, "system": TEXT},
    "index_string": {"folded": TEXT, "exact": TEXT},
    "index_date": {"low": sa.BigInteger(), "high": sa.BigInteger()},
    "index_reference": {"target_id": TEXT, "target_type": TEXT, "url": TEXT},
    "index_number": {"low": TEXT, "high": TEXT, "system": TEXT, "code": TEXT},
    "index_uri": {"uri": TEXT},
}


def column(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def version_columns() -> list[sa.Column[Any]]:
    numbers = [
        column("version", sa.Integer()),
        column("updated", sa.BigInteger()),
        column("deleted", sa.SmallInteger()),
    ]
    return [column("type", TEXT), column("id", TEXT), *numbers, column("body", sa.LargeBinary())]


def index_table(name: str, values: dict[str, Any]) -> None:
    columns = [column("org", sa.Integer()), column("param", sa.Integer())]
    columns += [column(value, type_) for value, type_ in values.items()] + [column("key", sa.BigInteger())]
    key = sa.PrimaryKeyConstraint("org", "param", *values, "key")
    op.create_table(name, *columns, key, sqlite_with_rowid=False)
    op.create_index(f"{name}_by_resource", name, ["org", "key", "param", *values])


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), primary_key=True),
        column("slug", TEXT),
        column("name", TEXT),
        column("created", sa.BigInteger()),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "resource",
        sa.Column("key", BIG_KEY, primary_key=True, autoincrement=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        *version_columns(),
        sa.UniqueConstraint("org", "type", "id", name="resource_identity"),
        sqlite_autoincrement=True,
    )
    op.create_index("resource_by_creation", "resource", ["org", "type", "deleted", "key"])
    op.create_index("resource_by_update", "resource", ["org", "type", "deleted", "updated", "key"])
    op.create_table(
        "resource_history",
        column("org", sa.Integer()),
        *version_columns(),
        column("key", sa.BigInteger()),
        sa.PrimaryKeyConstraint("org", "type", "id", "version"),
    )
    for name, values in VALUES.items():
        index_table(name, values)
    op.create_index("index_date_by_high", "index_date", ["org", "param", "high", "low", "key"])
    op.create_index("index_number_by_high", "index_number", ["org", "param", "high", "low", "system", "code", "key"])


def downgrade() -> None:
    for name in [*VALUES, "resource_history", "resource", "organisation"]:
        op.drop_table(name)
