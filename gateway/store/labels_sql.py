"""The profiles, tags and security labels that resources of some types bear now, from the search index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.store.param_ids import param_id
from gateway.store.tables import TOKEN, URI


@dataclass(frozen=True, slots=True)
class Labels:
    """Each in the order of its text; tags and security labels as (system, code)."""

    profiles: Sequence[str]
    security: Sequence[tuple[str, str]]
    tags: Sequence[tuple[str, str]]


def labels_in_use(connection: Connection, org: int, types: Sequence[str], limit: int) -> Labels:
    """At most `limit` of each kind."""
    params = [param_id(type, "_profile") for type in types]
    statement = select(URI.c.uri).where(URI.c.org == org, URI.c.param.in_(params)).distinct()
    profiles = connection.execute(statement.order_by(URI.c.uri).limit(limit)).scalars()
    return Labels(
        list(profiles),
        _codings(connection, org, types, "_security", limit),
        _codings(connection, org, types, "_tag", limit),
    )


def _codings(connection: Connection, org: int, types: Sequence[str], code: str, limit: int) -> list[tuple[str, str]]:
    params = [param_id(type, code) for type in types]
    columns = (TOKEN.c.system, TOKEN.c.code)
    statement = select(*columns).where(TOKEN.c.org == org, TOKEN.c.param.in_(params)).distinct()
    return [(system, label) for system, label in connection.execute(statement.order_by(*columns).limit(limit))]
