"""Clients, signing keys and used client assertions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("grants", sa.JSON(), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sa.Text()),
        sa.Column("jwks", sa.JSON()),
        sa.Column("jwks_url", sa.Text()),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.BigInteger()),
        sa.PrimaryKeyConstraint("org", "client_id"),
    )
    op.create_table(
        "signing_key",
        sa.Column("slot", sa.String(64), primary_key=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id")),
        sa.Column("alg", sa.String(16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("kid", sa.String(64), nullable=False, unique=True),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("retired", sa.BigInteger()),
    )
    op.create_index("signing_key_org", "signing_key", ["org"])
    op.create_table(
        "assertion_jti",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("jti", sa.String(64), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "client_id", "jti"),
        sa.ForeignKeyConstraint(["org", "client_id"], ["client.org", "client.client_id"], ondelete="CASCADE"),
    )
    op.create_index("assertion_jti_expires", "assertion_jti", ["org", "expires"])


def downgrade() -> None:
    for table in ("assertion_jti", "signing_key", "client"):
        op.drop_table(table)
