"""Makes the rows of the search index anew, where they were made by an older extraction than the one installed.

`crosswalk migrate` does this after the schema is current. Raise INDEX_VERSION whenever a stored resource would give
other entries than before: a search parameter is added or changed, or an index table gets another shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from gateway.definitions.contract import Definitions
from gateway.store import document
from gateway.store.rows import index_rows, local
from gateway.store.tables import INDEX_STATE, INDEX_TABLES, ORGANISATION, RESOURCE

INDEX_VERSION = 2
BATCH = 500

Progress = Callable[[int], None]


def reindex(engine: Engine, definitions: Definitions, public_url: str = "", progress: Progress = lambda _: None) -> int:
    """How many resources were indexed anew: none where the index is current. All of them, or none where it fails."""
    with engine.begin() as connection:
        if not outdated(connection):
            return 0
        done, last, bases = 0, 0, fhir_bases(connection, public_url)
        while rows := batch(connection, last):
            for org, group in groupby(rows, attrgetter("org")):
                write(connection, definitions, org, bases[org], list(group))
            done, last = done + len(rows), rows[-1].key
            progress(done)
        connection.execute(update(INDEX_STATE).values(version=INDEX_VERSION))
        return done


def outdated(connection: Connection) -> bool:
    """Writes before it reads, so that of several processes that migrate one does the work."""
    connection.execute(update(INDEX_STATE).values(id=INDEX_STATE.c.id))
    return bool(connection.execute(select(INDEX_STATE.c.version)).scalar_one() != INDEX_VERSION)


def fhir_bases(connection: Connection, public_url: str) -> dict[int, str]:
    rows = connection.execute(select(ORGANISATION.c.id, ORGANISATION.c.slug)).all()
    return {id: f"{public_url}/fhir/r4/{slug}" if public_url else "" for id, slug in rows}


def batch(connection: Connection, last: int) -> Sequence[Any]:
    columns = (RESOURCE.c.org, RESOURCE.c.type, RESOURCE.c.key, RESOURCE.c.body)
    later = select(*columns).where(RESOURCE.c.key > last, RESOURCE.c.deleted == 0)
    return connection.execute(later.order_by(RESOURCE.c.key).limit(BATCH)).all()


def write(connection: Connection, definitions: Definitions, org: int, base: str, rows: Sequence[Any]) -> None:
    keys = [row.key for row in rows]
    for table in INDEX_TABLES:
        connection.execute(delete(table).where(table.c.org == org, table.c.key.in_(keys)))
    for row in rows:
        entries = local(definitions.index(document.decode(row.body)), base)
        for table, values in index_rows(org, row.type, row.key, entries).items():
            names = table.columns.keys()
            connection.execute(insert(table), [dict(zip(names, each, strict=True)) for each in values])
