"""A search among AuditEvents: found by when they were and what they name, and judged one by one for the rest.

The trail is no part of the store. No chain, include, history or export of clients reaches it, nothing of it can be
written, and what it costs at each request is two rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from sqlmodel import Session

from gateway.audit.access import decoded, floor_of
from gateway.audit.rendering import audit_event
from gateway.audit.rows import Window, events
from gateway.definitions.contract import Definitions
from gateway.faults import Invalid, NotSupported
from gateway.search.query import Criterion, DateValue, Query, ReferenceValue
from gateway.store import document
from gateway.store.contract import Page, Stored
from gateway.store.trouble import READ_S, too_costly
from gateway.subscriptions.matching import candidate, satisfies

AUDIT_EVENT = "AuditEvent"
SORTED = ("date", "_lastUpdated")
NARROWS = {"gt": "from", "ge": "from", "sa": "from", "lt": "to", "le": "to", "eb": "to", "eq": "both", "ap": "both"}
MENTIONED = ("entity", "patient")


@dataclass(frozen=True, slots=True)
class Asked:
    """A search of one organisation's trail."""

    definitions: Definitions
    org: int
    base: str
    public_url: str
    query: Query
    criteria: tuple[Criterion, ...]


def asked(definitions: Definitions, org: int, base: str, public_url: str, query: Query) -> Asked:
    """Raises NotSupported and Invalid for what the trail is not searched by."""
    criteria = tuple(each for each in query.criteria if isinstance(each, Criterion))
    if len(criteria) != len(query.criteria) or query.includes:
        raise NotSupported("AuditEvents are searched by their own parameters, without chains and includes")
    if any(key.param not in SORTED or not key.descending for key in query.sort):
        raise Invalid("AuditEvents come newest first: _sort is -date, or is left out", "_sort")
    return Asked(definitions, org, base, public_url, query, criteria)


def search(session: Session, asked: Asked) -> Page:
    found: list[Stored] = []
    query = asked.query
    wanted = query.count + 1
    total = None
    for stored in _matching(session, asked):
        if len(found) < wanted:
            found.append(stored)
        elif not query.want_total:
            break
        total = (total or len(found) - 1) + 1
    page, more = found[: query.count], len(found) > query.count
    counted = (total or 0) if query.want_total and query.after is None else None
    return Page(page, (), counted, (page[-1].id,) if more and page else None)


def _matching(session: Session, asked: Asked) -> Iterator[Stored]:
    window, until = _window(asked), monotonic() + READ_S
    while bodies := events(session, window):
        for body in bodies:
            stored = _stored(body, asked.public_url)
            window = replace(window, before=stored.id)
            if _holds(asked, stored):
                yield stored
            if monotonic() > until:
                raise too_costly()


def _stored(body: bytes, public_url: str) -> Stored:
    access = decoded(body)
    event = document.encode(audit_event(access, public_url))
    return Stored(0, AUDIT_EVENT, access.id, 1, access.at, deleted=False, body=event)


def _holds(asked: Asked, stored: Stored) -> bool:
    if not asked.criteria:
        return True
    resource = document.decode(stored.body)
    return satisfies(candidate(asked.definitions, resource, stored.updated, asked.base), AUDIT_EVENT, asked.criteria)


# --- what of the criteria an index knows ------------------------------------------------------------------------------


def _window(asked: Asked) -> Window:
    window = Window(asked.org)
    for criterion in asked.criteria:
        if criterion.param in SORTED and len(criterion.values) == 1 and not criterion.modifier:
            window = _within(window, criterion.values[0])
        elif not window.mentions:
            window = replace(window, mentions=_mentions(criterion))
    if asked.query.after is not None:
        window = replace(window, before=min(window.before, str(asked.query.after[0])))
    return window


def _within(window: Window, value: object) -> Window:
    if not isinstance(value, DateValue):
        return window
    side = NARROWS.get(value.prefix)
    if side in ("from", "both"):
        window = replace(window, low=max(window.low, floor_of(value.low)))
    if side in ("to", "both"):
        window = replace(window, before=min(window.before, floor_of(value.high + 1)))
    return window


def _mentions(criterion: Criterion) -> Sequence[str]:
    """Resources that are named by type and id; of anything else every event is looked at."""
    if criterion.param not in MENTIONED or criterion.modifier:
        return ()
    named = [_name(value) for value in criterion.values if isinstance(value, ReferenceValue)]
    return tuple(filter(None, named)) if all(named) else ()


def _name(value: ReferenceValue) -> str:
    return f"{value.type}/{value.id}" if value.type and value.id and not value.url else ""


Find = Callable[[Session], Page]
