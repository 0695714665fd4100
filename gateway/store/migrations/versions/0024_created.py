"""When the first version of each resource was written.

On PostgreSQL the identity is made last, as in 0010: of indexes that look equally good its planner takes the newest.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES = ("resource", "resource_history")
FIRST = """
UPDATE resource SET created = COALESCE((
    SELECT MIN(h.updated) FROM resource_history h
    WHERE h.org = resource.org AND h.type = resource.type AND h.id = resource.id
), updated)
"""
SAME = """
UPDATE resource_history SET created = (SELECT r.created FROM resource r WHERE r.key = resource_history.key)
"""
IDENTITY = """
ALTER TABLE resource DROP CONSTRAINT resource_identity, ADD CONSTRAINT resource_identity UNIQUE (org, type, id)
"""


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("created", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(FIRST)
    op.execute(SAME)
    op.create_index("resource_by_created", "resource", ["org", "type", "deleted", "created", "key"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(IDENTITY)


def downgrade() -> None:
    op.drop_index("resource_by_created", "resource")
    for table in TABLES:
        op.drop_column(table, "created")
