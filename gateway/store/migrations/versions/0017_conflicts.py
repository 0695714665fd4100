"""What both sides changed, and where records referred to others when they were last pulled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("link", sa.Column("referred", sa.Text()))
    op.create_table(
        "sync_conflict",
        sa.Column("id", BIG_KEY, primary_key=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("local_id", sa.String(64), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("sides", sa.Text(), nullable=False),
        sa.Column("taken", sa.String(8), nullable=False),
        sa.Column("ours_by", sa.Text(), nullable=False),
        sa.Column("ours_at", sa.BigInteger()),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger()),
        sa.Column("settled_as", sa.String(8)),
        sa.Column("settled_by", sa.Text()),
    )
    op.create_index("sync_conflict_by_resource", "sync_conflict", ["connection", "type", "local_id"])


def downgrade() -> None:
    op.drop_index("sync_conflict_by_resource", "sync_conflict")
    op.drop_table("sync_conflict")
    op.drop_column("link", "referred")
