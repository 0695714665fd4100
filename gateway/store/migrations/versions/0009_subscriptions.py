"""Subscriptions as they were understood, how far their deliveries have come, and the events that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import CODE_POINT_TEXT

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("resource_type", CODE_POINT_TEXT, nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text()),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("content", sa.String(16), nullable=False),
        sa.Column("mime", sa.String(64), nullable=False),
        sa.Column("heartbeat", sa.Integer()),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("max_count", sa.Integer(), nullable=False),
        sa.Column("ends", sa.BigInteger()),
    )
    op.create_index("subscription_by_type", "subscription", ["org", "status", "resource_type"])
    op.create_table(
        "subscription_progress",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
    )
    op.create_table(
        "subscription_event",
        sa.Column("id", BIG_KEY, primary_key=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("subscription", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger()),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.SmallInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
    )
    op.create_index("subscription_event_in_order", "subscription_event", ["org", "subscription", "id"])


def downgrade() -> None:
    for table in ("subscription_event", "subscription_progress", "subscription"):
        op.drop_table(table)
