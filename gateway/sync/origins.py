"""Who wrote what a resource says now, as far as its Provenance tells it, without patient data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from gateway.definitions.contract import Resource
from gateway.search.query import Criterion, Query, ReferenceValue, SortKey
from gateway.store import document
from gateway.store.contract import Stored, Transaction
from gateway.store.tables import HistoryRow

VERSIONS = 50
"""As many versions are looked back; what is older was written by whoever wrote the oldest of them."""
KINDS = {"clients": "client", "connections": "connection"}
UNKNOWN = "somebody unknown"


@dataclass(frozen=True, slots=True)
class Origin:
    """`client crm`, `connection main`, `the gateway`; users are named by their client alone: they may be patients."""

    who: str
    when: int | None


def origin_of(tx: Transaction, stored: Stored, elements: Resource) -> Origin:
    """Who wrote the version since which these elements have been as they are."""
    since, when = stored.version, stored.updated
    for version, updated, body in _older(tx, stored):
        if not body or any(document.decode(body).get(name) != value for name, value in elements.items()):
            break
        since, when = version, updated
    return Origin(_author(tx, stored, since), when)


def _older(tx: Transaction, stored: Stored) -> Iterator[tuple[int, int, bytes]]:
    wanted = (
        select(HistoryRow.version, HistoryRow.updated, HistoryRow.body)
        .where(HistoryRow.org == tx.org, HistoryRow.type == stored.type, HistoryRow.id == stored.id)
        .where(HistoryRow.version < stored.version)
        .order_by(col(HistoryRow.version).desc())
        .limit(VERSIONS)
    )
    yield from ((version, updated, body) for version, updated, body in tx.connection.execute(wanted))


def _author(tx: Transaction, stored: Stored, version: int) -> str:
    target = ReferenceValue(stored.type, stored.id)
    criterion = Criterion("target", "reference", "", (target,))
    newest_first = (SortKey("_lastUpdated", "date", descending=True),)
    found = tx.search(Query("Provenance", (criterion,), sort=newest_first, count=4 * VERSIONS, want_total=False))
    named = f"{stored.type}/{stored.id}/_history/{version}"
    for each in found.matches:
        provenance = document.decode(each.body)
        if any(target.get("reference") == named for target in provenance.get("target", ())):
            return _who(provenance)
    return UNKNOWN


def _who(provenance: Resource) -> str:
    agents: list[Any] = provenance.get("agent", [])
    for agent in reversed(agents):
        identifier = agent.get("who", {}).get("identifier", {})
        kind = KINDS.get(str(identifier.get("system", "")).rpartition("/")[2])
        if kind is not None:
            return f"{kind} {identifier.get('value')}"
    return "the gateway" if agents else UNKNOWN
