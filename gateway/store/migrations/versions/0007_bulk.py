"""Bulk exports and imports: jobs, what they go through and the files that they make."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def number(name: str, type_: Any = sa.BigInteger, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_(), nullable=nullable)


def part(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=False)


def of_job() -> sa.Column[Any]:
    return sa.Column("job", sa.String(36), sa.ForeignKey("bulk_job.id"), primary_key=True)


def data(name: str = "data") -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "bulk_job",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("org", sa.Integer(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        number("created"),
        number("transaction_time", nullable=True),
        number("expires"),
        number("stage", sa.Integer),
        number("after"),
        number("done"),
        sa.Column("reason", sa.Text(), nullable=True),
        number("polled"),
        number("polls", sa.Integer),
    )
    op.create_index("bulk_job_by_client", "bulk_job", ["org", "client", "status"])
    op.create_index("bulk_job_by_end", "bulk_job", ["expires"])
    op.create_table("bulk_selection", of_job(), part("stage"), part("number"), data("keys"))
    op.create_table("bulk_input", of_job(), part("number"), number("first", sa.Integer), data())
    op.create_table(
        "bulk_file",
        of_job(),
        part("number"),
        sa.Column("section", sa.String(8), nullable=False),
        number("stage", sa.Integer),
        sa.Column("type", sa.String(64), nullable=False),
        number("count", sa.Integer),
        number("size"),
        number("crc"),
        number("chunks", sa.Integer),
    )
    op.create_table("bulk_chunk", of_job(), part("file"), part("number"), data())


def downgrade() -> None:
    for table in ("bulk_chunk", "bulk_file", "bulk_input", "bulk_selection", "bulk_job"):
        op.drop_table(table)
