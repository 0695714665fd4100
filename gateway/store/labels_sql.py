"""The profiles, tags and security labels that resources of some types bear now, from the search index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.search.labels import MARK
from gateway.store.contract import Stored
from gateway.store.limits_sql import EVERYTHING, Limits, within
from gateway.store.param_ids import param_id
from gateway.store.tables import LABELLED, TOKEN, URI


@dataclass(frozen=True, slots=True)
class Labels:
    """Each in the order of its text; tags and security labels as (system, code)."""

    profiles: Sequence[str]
    security: Sequence[tuple[str, str]]
    tags: Sequence[tuple[str, str]]


def requirements_in_use(connection: Connection, org: int) -> Sequence[str]:
    """What labels have required so far, each as purposes of which one is enough."""
    return connection.execute(select(LABELLED.c.purposes).where(LABELLED.c.org == org).distinct()).scalars().all()


def required_purposes(connection: Connection, org: int, version: Stored) -> frozenset[str] | None:
    """Of which each opens a version that was written, a deletion as what it deleted; None where nothing closes it."""
    if not version.deleted and MARK not in version.body:
        return None
    c = LABELLED.c
    this = (c.org == org, c.type == version.type, c.id == version.id, c.version == version.version - version.deleted)
    found = connection.execute(select(c.purposes).where(*this)).scalar()
    return frozenset(found.split()) if found is not None else None


def labels_in_use(
    connection: Connection, org: int, types: Sequence[str], limit: int, limits: Limits = EVERYTHING
) -> Labels:
    """At most `limit` of each kind."""
    params = [param_id(type, "_profile") for type in types]
    statement = select(URI.c.uri).where(URI.c.org == org, URI.c.param.in_(params)).distinct()
    seen = within(limits, org, lambda type: URI.c.param != param_id(type, "_profile"), URI.c.key)
    profiles = connection.execute(statement.where(*seen).order_by(URI.c.uri).limit(limit), limits.values(org)).scalars()
    return Labels(
        list(profiles),
        _codings(connection, org, types, "_security", limit, limits),
        _codings(connection, org, types, "_tag", limit, limits),
    )


def _codings(
    connection: Connection, org: int, types: Sequence[str], code: str, limit: int, limits: Limits
) -> list[tuple[str, str]]:
    params = [param_id(type, code) for type in types]
    columns = (TOKEN.c.system, TOKEN.c.code)
    statement = select(*columns).where(TOKEN.c.org == org, TOKEN.c.param.in_(params)).distinct()
    seen = within(limits, org, lambda type: TOKEN.c.param != param_id(type, code), TOKEN.c.key)
    rows = connection.execute(statement.where(*seen).order_by(*columns).limit(limit), limits.values(org))
    return [(system, label) for system, label in rows]
