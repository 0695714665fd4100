"""Records that an EMR has a part of, and words that no mapping table of a connection knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("halfway", sa.Text()))
    op.add_column("delivery", sa.Column("halfway_since", sa.BigInteger()))
    op.create_table(
        "mapping_gap",
        sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("patient", sa.String(64), primary_key=True),
        sa.Column("target", sa.Text()),
        sa.Column("near", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )
    op.create_index("mapping_gap_by_patient", "mapping_gap", ["connection", "patient"])


def downgrade() -> None:
    op.drop_index("mapping_gap_by_patient", "mapping_gap")
    op.drop_table("mapping_gap")
    op.drop_column("delivery", "halfway_since")
    op.drop_column("delivery", "halfway")
