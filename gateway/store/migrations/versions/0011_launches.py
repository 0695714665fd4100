"""Launches: grants, refresh tokens, consents, launch contexts, initial tokens and identity providers."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = (
    "identity_provider",
    "initial_token",
    "launch_context",
    "remembered_consent",
    "revoked_token",
    "refresh_token",
    "access_grant",
)


def organisation() -> sa.Column[int]:
    return sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False)


def instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def of_client() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["org", "client_id"], ["client.org", "client.client_id"], ondelete="CASCADE")


def of_user() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["org", "email"], ["user_account.org", "user_account.email"], ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("client", sa.Column("launch_url", sa.Text()))
    op.add_column("client", sa.Column("purposes", sa.Text(), nullable=False, server_default=sa.text("''")))
    _give_subjects()
    _create_grants()
    _create_launches()
    op.create_table(
        "identity_provider",
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False),
        instant("created"),
    )


def _give_subjects() -> None:
    op.add_column("user_account", sa.Column("subject", sa.String(64)))
    users = sa.table("user_account", sa.column("org"), sa.column("email"), sa.column("subject"))
    connection = op.get_bind()
    for org, email in connection.execute(sa.select(users.c.org, users.c.email)).all():
        one = sa.update(users).where(users.c.org == org, users.c.email == email)
        connection.execute(one.values(subject=uuid4().hex))


def _create_grants() -> None:
    op.create_table(
        "access_grant",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("patient", sa.String(64)),
        sa.Column("encounter", sa.String(64)),
        sa.Column("fhir_user", sa.String(128)),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("session", sa.String(64)),
        instant("authenticated"),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text()),
        sa.Column("code_digest", sa.String(64), nullable=False),
        sa.Column("code_challenge", sa.String(128), nullable=False),
        instant("code_expires"),
        instant("code_used", nullable=True),
        instant("created"),
        instant("expires"),
        instant("revoked", nullable=True),
        sa.PrimaryKeyConstraint("org", "id"),
        of_client(),
        of_user(),
    )
    op.create_index("access_grant_code", "access_grant", ["org", "code_digest"], unique=True)
    op.create_index("access_grant_expires", "access_grant", ["expires"])
    op.create_table(
        "refresh_token",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("grant_id", sa.String(64), nullable=False),
        instant("created"),
        instant("expires"),
        instant("used", nullable=True),
        sa.PrimaryKeyConstraint("org", "digest"),
        sa.ForeignKeyConstraint(["org", "grant_id"], ["access_grant.org", "access_grant.id"], ondelete="CASCADE"),
    )
    op.create_index("refresh_token_grant", "refresh_token", ["org", "grant_id"])
    op.create_table(
        "revoked_token",
        organisation(),
        sa.Column("jti", sa.String(64), nullable=False),
        instant("expires"),
        sa.PrimaryKeyConstraint("org", "jti"),
    )
    op.create_index("revoked_token_expires", "revoked_token", ["expires"])


def _create_launches() -> None:
    op.create_table(
        "remembered_consent",
        sa.Column("org", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        instant("granted"),
        sa.PrimaryKeyConstraint("org", "email", "client_id"),
        of_client(),
        of_user(),
    )
    op.create_table(
        "launch_context",
        organisation(),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64)),
        sa.Column("email", sa.String(254)),
        sa.Column("context", sa.JSON(), nullable=False),
        instant("created"),
        instant("expires"),
        sa.PrimaryKeyConstraint("org", "digest"),
    )
    op.create_index("launch_context_expires", "launch_context", ["expires"])
    op.create_table(
        "initial_token",
        organisation(),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        instant("created"),
        instant("expires"),
        sa.PrimaryKeyConstraint("org", "digest"),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("user_account", "subject")
    op.drop_column("client", "purposes")
    op.drop_column("client", "launch_url")
