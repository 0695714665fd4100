"""One pace and one token for all workers: the ledger of EMRs' limits, and tokens with who asks for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("access_token")
    op.create_table(
        "emr_token",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("org", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("renew", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("minter", sa.String(64)),
        sa.Column("minting", sa.BigInteger(), nullable=False),
        sa.Column("replaced", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
    )
    op.create_index("emr_token_by_origin", "emr_token", ["org", "origin"])
    op.create_table(
        "emr_mint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("application", sa.String(64), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("minter", sa.String(64), nullable=False),
    )
    op.create_index("emr_mint_by_application", "emr_mint", ["application", "time"])
    op.create_table(
        "pace",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("pace")
    op.drop_index("emr_mint_by_application", "emr_mint")
    op.drop_table("emr_mint")
    op.drop_index("emr_token_by_origin", "emr_token")
    op.drop_table("emr_token")
    op.create_table(
        "access_token",
        sa.Column("org", sa.String(64), primary_key=True),
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("scope", sa.String(512), primary_key=True),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("renew", sa.BigInteger(), nullable=False),
    )
