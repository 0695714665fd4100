"""Connections, mappings, links, the sync log, EMR access tokens and executors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("translator", sa.String(64), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("hook_token", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text()),
        sa.Column("pull_started", sa.BigInteger()),
        sa.Column("pull_finished", sa.BigInteger()),
        sa.Column("pull_error", sa.Text()),
        sa.Column("charts_seen", sa.Integer(), nullable=False),
        sa.Column("charts_total", sa.Integer()),
        sa.UniqueConstraint("org", "name", name="connection_name"),
    )
    op.create_table(
        "mapping",
        sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("target", sa.Text(), nullable=False),
    )
    op.create_table(
        "link",
        sa.Column("id", BIG_KEY, primary_key=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("local_id", sa.String(64), nullable=False),
        sa.Column("external_key", sa.Text()),
        sa.Column("record", sa.LargeBinary()),
        sa.Column("pushed", sa.String(64)),
        sa.Column("missing", sa.Text()),
        sa.Column("locked", sa.Text()),
        sa.Column("holder", sa.String(64)),
        sa.Column("held_until", sa.BigInteger()),
        sa.Column("synced", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("connection", "type", "local_id", name="link_local"),
        sa.UniqueConstraint("connection", "type", "external_key", name="link_external"),
    )
    op.create_table(
        "sync_log",
        sa.Column("id", BIG_KEY, primary_key=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("connection", sa.Integer(), sa.ForeignKey("connection.id"), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("resource", sa.Text()),
        sa.Column("operation", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
    )
    op.create_index("sync_log_by_connection", "sync_log", ["connection", "id"])
    op.create_table(
        "access_token",
        sa.Column("org", sa.String(64), primary_key=True),
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("scope", sa.String(512), primary_key=True),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("renew", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "executor",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("serves", sa.Boolean(), nullable=False),
    )


def downgrade() -> None:
    for table in ("executor", "access_token", "sync_log", "link", "mapping", "connection"):
        op.drop_table(table)
