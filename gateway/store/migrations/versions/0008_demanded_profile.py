"""The profiles that organisations demand of what their clients write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import CODE_POINT_TEXT

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "demanded_profile",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), primary_key=True, autoincrement=False),
        sa.Column("type", CODE_POINT_TEXT, primary_key=True),
        sa.Column("profile", CODE_POINT_TEXT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("demanded_profile")
