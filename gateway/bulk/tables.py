"""Jobs, what they go through and the files that they make. Instants are UTC microseconds since 1970.

A job's rows are removed with it: sections, inputs, files and chunks have its id as the start of their keys.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text
from sqlmodel import Field, SQLModel


def whole(type_: Any = BigInteger, *, nullable: bool = False) -> Any:
    return Field(default=None if nullable else 0, sa_column=Column(type_, nullable=nullable))


def of_job() -> Any:
    return Field(sa_column=Column(String(36), ForeignKey("bulk_job.id"), primary_key=True))


def part(type_: Any = Integer) -> Any:
    return Field(sa_column=Column(type_, primary_key=True, autoincrement=False))


class BulkJob(SQLModel, table=True):
    """One export or import of one client."""

    __tablename__ = "bulk_job"
    __table_args__ = (Index("bulk_job_by_client", "org", "client", "status"), Index("bulk_job_by_end", "expires"))

    id: str = Field(sa_column=Column(String(36), primary_key=True))
    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), nullable=False))
    client: str = Field(sa_column=Column(String(64), nullable=False))
    kind: str = Field(sa_column=Column(String(8), nullable=False))
    """export or import"""
    status: str = Field(sa_column=Column(String(12), nullable=False))
    """accepted, running, complete, failed or cancelled"""
    request: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False), repr=False)
    """What was asked for; the shape is the kind's own."""
    created: int = whole()
    transaction_time: int | None = whole(nullable=True)
    expires: int = whole()
    stage: int = whole(Integer)
    """Which of its types (an import: of its inputs) is being worked on."""
    after: int = whole()
    """Behind what in that stage it goes on; written with what came before."""
    done: int = whole()
    reason: str | None = Field(default=None, sa_column=Column(Text))
    """Why it failed."""
    polled: int = whole()
    """When the client began to ask, of late, how far it is …"""
    polls: int = whole(Integer)
    """… and how often it has since."""


class BulkSelection(SQLModel, table=True):
    """Which resources of a type are exported, where that is not all of them: their keys, in parts of one page."""

    __tablename__ = "bulk_selection"

    job: str = of_job()
    stage: int = part()
    number: int = part()
    keys: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """64-bit integers."""


class BulkInput(SQLModel, table=True):
    """Lines that wait to be imported."""

    __tablename__ = "bulk_input"

    job: str = of_job()
    number: int = part()
    first: int = whole(Integer)
    """The number of its first line, from 1."""
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False), repr=False)
    """Lines, deflated."""


class BulkFile(SQLModel, table=True):
    """One file of a manifest; gzip's trailer needs its length and checksum."""

    __tablename__ = "bulk_file"

    job: str = of_job()
    number: int = part()
    section: str = Field(sa_column=Column(String(8), nullable=False))
    """output, deleted or error"""
    stage: int = whole(Integer)
    type: str = Field(sa_column=Column(String(64), nullable=False))
    """Of the resources in it."""
    count: int = whole(Integer)
    size: int = whole()
    crc: int = whole()
    chunks: int = whole(Integer)


class BulkChunk(SQLModel, table=True):
    """A piece of a file: deflated, and ending on a byte, so that the pieces in a row are one deflated whole."""

    __tablename__ = "bulk_chunk"

    job: str = of_job()
    file: int = part()
    number: int = part()
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False), repr=False)


def table_of(name: str) -> Table:
    return SQLModel.metadata.tables[name]


JOB = table_of("bulk_job")
PARTS = tuple(map(table_of, ("bulk_chunk", "bulk_file", "bulk_input", "bulk_selection")))
