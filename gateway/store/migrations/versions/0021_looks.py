"""When a pull last read each patient's chart: where patients are read again, the oldest reading comes first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("link", sa.Column("looked", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("link_by_look", "link", ["connection", "type", "looked"])


def downgrade() -> None:
    op.drop_index("link_by_look", "link")
    op.drop_column("link", "looked")
