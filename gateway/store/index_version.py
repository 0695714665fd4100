"""Which extraction the search index was made by, and whether that is the one installed.

An index that another extraction made gives wrong answers without a sign of it: nothing is opened over one.
"""

from __future__ import annotations

from sqlalchemy import Connection, exists, select, update

from gateway.store.dialect import open_engine, reached
from gateway.store.tables import INDEX_STATE, RESOURCE

INDEX_VERSION = 8
"""Raise it whenever a stored resource would give other entries than before: a search parameter is added or changed, or
an index table gets another shape."""
STALE = "The search index was made by another version of the gateway; run `crosswalk migrate`."


def version_of_index(connection: Connection) -> int:
    return int(connection.execute(select(INDEX_STATE.c.version)).scalar_one())


def is_index_current(database_url: str) -> bool:
    """Of a database at the current schema."""
    engine = open_engine(database_url)
    try:
        with reached(), engine.connect() as connection:
            return is_made_by_this(connection)
    finally:
        engine.dispose()


def is_made_by_this(connection: Connection) -> bool:
    return version_of_index(connection) == INDEX_VERSION


def note_empty_index(connection: Connection) -> None:
    """The index of nothing is current."""
    nothing = ~exists(select(RESOURCE.c.key).limit(1))
    connection.execute(update(INDEX_STATE).where(nothing).values(version=INDEX_VERSION))
