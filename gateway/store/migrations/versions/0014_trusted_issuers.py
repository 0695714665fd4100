"""The issuers whose access tokens an organisation takes besides its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trusted_issuer",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), primary_key=True, autoincrement=False),
        sa.Column("issuer", sa.String(512), primary_key=True),
        sa.Column("algorithms", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("jwks_url", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("trusted_issuer")
