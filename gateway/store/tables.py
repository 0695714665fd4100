"""The store's tables: resources as exact bytes, their superseded versions, an index table per kind of search entry.

Rules of the layout
  * Every key starts with the organisation, so a query that names none finds no index to use.
  * An index row belongs to a resource by `key`. Its primary key answers "which resources have this value"; the second
    index (org, key, param, value…) answers "which values has this resource": deletion, sorting, `_include` and the
    test of one candidate. Rows of deleted resources are removed, so an index row is always of a live resource.
  * Intervals (dates, numbers) have a third index, led by the upper bound, for "after" comparisons.
  * `param` is param_ids.param_id("Patient.birthdate"): the resource type needs no column of its own.
  * Text is compared by code point on every database (BINARY in SQLite, COLLATE "C" in PostgreSQL).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlmodel import Field, SQLModel

CODE_POINT_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only where the type is spelled INTEGER."""


def number(type_: Any = BigInteger, *, primary: bool = False) -> Any:
    return Field(sa_column=Column(type_, primary_key=primary, nullable=False, autoincrement=False))


def text(*, primary: bool = False) -> Any:
    return Field(sa_column=Column(CODE_POINT_TEXT, primary_key=primary, nullable=False))


def request_method() -> Any:
    """Of the request that made a version."""
    return Field(default="PUT", sa_column=Column(CODE_POINT_TEXT, nullable=False, server_default="PUT"))


def since_zero(type_: Any) -> Any:
    return Field(default=0, sa_column=Column(type_, nullable=False, server_default="0"))


def by_resource(table: str, *values: str) -> Index:
    return Index(f"{table}_by_resource", "org", "key", "param", *values)


WITHOUT_ROWID = {"sqlite_with_rowid": False}


class Organisation(SQLModel, table=True):
    """A tenant. `slug` is what stands in its FHIR base."""

    __tablename__ = "organisation"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(sa_column=Column(CODE_POINT_TEXT, nullable=False, unique=True))
    name: str = text()
    created: int = number()


class DemandedProfile(SQLModel, table=True):
    """The profile that an organisation demands of every resource of a type that clients write."""

    __tablename__ = "demanded_profile"

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True, autoincrement=False))
    type: str = text(primary=True)
    profile: str = text()


class ResourceRow(SQLModel, table=True):
    """The current version of a resource; the body is empty when it is deleted."""

    __tablename__ = "resource"
    __table_args__ = (
        UniqueConstraint("org", "type", "id", name="resource_identity"),
        Index("resource_by_creation", "org", "type", "deleted", "key"),
        Index("resource_by_update", "org", "type", "deleted", "updated", "key"),
        Index("resource_by_change", "org", "type", "updated", "key"),
        Index("resource_by_created", "org", "type", "deleted", "created", "key"),
        {"sqlite_autoincrement": True},
    )

    key: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), nullable=False))
    type: str = text()
    id: str = text()
    version: int = number(Integer)
    updated: int = number()
    deleted: int = number(SmallInteger)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    method: str = request_method()
    created: int = since_zero(BigInteger)
    """When version 1 was written; it stays through all versions, deletions and writes over a deletion."""


class HistoryRow(SQLModel, table=True):
    """A superseded version."""

    __tablename__ = "resource_history"
    __table_args__ = (Index("resource_history_by_change", "org", "type", "updated", "key"),)

    org: int = number(Integer, primary=True)
    type: str = text(primary=True)
    id: str = text(primary=True)
    version: int = number(Integer, primary=True)
    key: int = number()
    updated: int = number()
    deleted: int = number(SmallInteger)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    method: str = request_method()
    created: int = since_zero(BigInteger)


class LabelledVersion(SQLModel, table=True):
    """A version whose security labels restrict who sees it: versions are not indexed, and histories have to know."""

    __tablename__ = "labelled_version"
    __table_args__ = (Index("labelled_version_by_purposes", "org", "purposes"),)

    org: int = number(Integer, primary=True)
    type: str = text(primary=True)
    id: str = text(primary=True)
    version: int = number(Integer, primary=True)
    purposes: str = text()
    """The purposes of use of which each is enough to see it, in order."""


class TokenRow(SQLModel, table=True):
    """Codings, identifiers, contact points, codes and booleans; `system` is "" where there is none."""

    __tablename__ = "index_token"
    __table_args__ = (by_resource("index_token", "code", "system"), WITHOUT_ROWID)

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    code: str = text(primary=True)
    system: str = text(primary=True)
    key: int = number(primary=True)


class StringRow(SQLModel, table=True):
    """Text, folded for comparison and as it stands for `:exact`."""

    __tablename__ = "index_string"
    __table_args__ = (by_resource("index_string", "folded", "exact"), WITHOUT_ROWID)

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    folded: str = text(primary=True)
    exact: str = text(primary=True)
    key: int = number(primary=True)


class DateRow(SQLModel, table=True):
    """The half-open range [low, high) of UTC microseconds that a date covers."""

    __tablename__ = "index_date"
    __table_args__ = (
        by_resource("index_date", "low", "high"),
        Index("index_date_by_high", "org", "param", "high", "low", "key"),
        WITHOUT_ROWID,
    )

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    low: int = number(primary=True)
    high: int = number(primary=True)
    key: int = number(primary=True)


class ReferenceRow(SQLModel, table=True):
    """A reference to `target_type`/`target_id` in this store, or to a foreign `url`; the unused parts are ""."""

    __tablename__ = "index_reference"
    __table_args__ = (by_resource("index_reference", "target_id", "target_type", "url"), WITHOUT_ROWID)

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    target_id: str = text(primary=True)
    target_type: str = text(primary=True)
    url: str = text(primary=True)
    key: int = number(primary=True)


class NumberRow(SQLModel, table=True):
    """A number or quantity as the closed range [low, high] in the sortable text of decimals.py, exact to the digit."""

    __tablename__ = "index_number"
    __table_args__ = (
        by_resource("index_number", "low", "high", "system", "code"),
        Index("index_number_by_high", "org", "param", "high", "low", "system", "code", "key"),
        WITHOUT_ROWID,
    )

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    low: str = text(primary=True)
    high: str = text(primary=True)
    system: str = text(primary=True)
    code: str = text(primary=True)
    key: int = number(primary=True)


class UriRow(SQLModel, table=True):
    """A uri, url or canonical."""

    __tablename__ = "index_uri"
    __table_args__ = (by_resource("index_uri", "uri"), WITHOUT_ROWID)

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    uri: str = text(primary=True)
    key: int = number(primary=True)


class CompositeRow(SQLModel, table=True):
    """A token and another value of one element; the other is written into the columns that its kind of value needs.

    token: system, code · number: low, high, system, code · date: low, high as sortable text of their microseconds ·
    string: low folded, high exact · reference: code its id, system its type, low its url
    """

    __tablename__ = "index_composite"
    __table_args__ = (
        by_resource("index_composite", "first_code", "first_system", "low", "high", "system", "code"),
        WITHOUT_ROWID,
    )

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    first_code: str = text(primary=True)
    first_system: str = text(primary=True)
    low: str = text(primary=True)
    high: str = text(primary=True)
    system: str = text(primary=True)
    code: str = text(primary=True)
    key: int = number(primary=True)


class PositionRow(SQLModel, table=True):
    """A place as a point of the unit sphere, so that neither poles nor the date line are special."""

    __tablename__ = "index_position"
    __table_args__ = (by_resource("index_position", "x", "y", "z"), WITHOUT_ROWID)

    org: int = number(Integer, primary=True)
    param: int = number(Integer, primary=True)
    x: float = number(Double, primary=True)
    y: float = number(Double, primary=True)
    z: float = number(Double, primary=True)
    key: int = number(primary=True)


class IndexState(SQLModel, table=True):
    """Which version of the extraction (reindex.py) the index rows were made by; one row."""

    __tablename__ = "index_state"

    id: int = number(Integer, primary=True)
    version: int = number(Integer)
    target: int = since_zero(Integer)
    """The version that the index is being brought to; the next two are how far."""
    position: int = since_zero(BigInteger)
    """The last key that was done."""
    since: int = since_zero(BigInteger)
    """When that began, in UTC microseconds: what was written later is looked at once more."""


def table_of(name: str) -> Table:
    return SQLModel.metadata.tables[name]


ORGANISATION = table_of("organisation")
RESOURCE = table_of("resource")
HISTORY = table_of("resource_history")
LABELLED = table_of("labelled_version")
TOKEN = table_of("index_token")
STRING = table_of("index_string")
DATE = table_of("index_date")
REFERENCE = table_of("index_reference")
NUMBER = table_of("index_number")
URI = table_of("index_uri")
COMPOSITE = table_of("index_composite")
POSITION = table_of("index_position")
INDEX_TABLES = (TOKEN, STRING, DATE, REFERENCE, NUMBER, URI, COMPOSITE, POSITION)
INDEX_STATE = table_of("index_state")
