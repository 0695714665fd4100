"""Positions of places, the request that made each version, and how far an index that is made anew has come.

On PostgreSQL the identities are made last: of indexes that look equally good, as all do while a table is empty, its
planner takes the newest one, and prepared statements keep that plan.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import CODE_POINT_TEXT

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

AXES = ("x", "y", "z")
VERSIONS = ("resource", "resource_history")
IDENTITIES = {
    "resource": "DROP CONSTRAINT resource_identity, ADD CONSTRAINT resource_identity UNIQUE (org, type, id)",
    "resource_history": "DROP CONSTRAINT resource_history_pkey, "
    "ADD CONSTRAINT resource_history_pkey PRIMARY KEY (org, type, id, version)",
}


def upgrade() -> None:
    op.create_table(
        "index_position",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("param", sa.Integer(), nullable=False),
        *(sa.Column(axis, sa.Double(), nullable=False) for axis in AXES),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "param", *AXES, "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("index_position_by_resource", "index_position", ["org", "key", "param", *AXES])
    op.add_column("index_state", sa.Column("target", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("index_state", sa.Column("position", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("index_state", sa.Column("since", sa.BigInteger(), nullable=False, server_default="0"))
    for table in VERSIONS:
        op.add_column(table, sa.Column("method", CODE_POINT_TEXT, nullable=False, server_default="PUT"))
        # What was told of older versions until now.
        op.execute(f"UPDATE {table} SET method = 'POST' WHERE version = 1")  # noqa: S608
        op.execute(f"UPDATE {table} SET method = 'DELETE' WHERE deleted = 1")  # noqa: S608
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"ALTER TABLE {table} {IDENTITIES[table]}")


def downgrade() -> None:
    for table in VERSIONS:
        op.drop_column(table, "method")
    for column in ("since", "position", "target"):
        op.drop_column("index_state", column)
    op.drop_table("index_position")
