"""One connection: how it is set up, its mapping tables and what happened on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session
from starlette.responses import Response

from gateway.auth.users import Role
from gateway.commands.connection import unlock_record
from gateway.console import connections
from gateway.console.pages import see_other
from gateway.console.visit import Visit
from gateway.faults import Fault
from gateway.outcome import answer_for
from gateway.sync import deliveries, gaps, log
from gateway.sync.conflicts import open_count
from gateway.sync.connections import MAPPING_KINDS, SHARED_SETTINGS
from gateway.sync.heard import unmapped_programs
from gateway.sync.lock import locked
from gateway.sync.mappings import remove_mapping
from gateway.sync.tables import Connection, LogEntry
from gateway.sync.webhooks import last_seen, warnings

PAGE = 50
MOST_LOCKED = 100
"""Locked records on one page; the others follow when these are unlocked."""
FAILED_FIRST = "failed-first"
ORDERS = {"": "Newest first", FAILED_FIRST: "Failed first", "failed": "Failed only"}
NOTHING = {"kind": MAPPING_KINDS[0], "source": "", "target": ""}


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries of the log, and the address of the older ones."""

    entries: list[LogEntry]
    older: str | None


async def show(visit: Visit) -> Response:
    """GET /console/connections/[name]"""
    return await _shown(visit)


async def older(visit: Visit) -> Response:
    """GET /console/connections/[name]/log?order=…&part=…&before=…"""
    name = visit.request.path_params["name"]
    found = await _read(visit, lambda session, row: _log(visit, session, row))
    template = "log_entries.html" if visit.by_htmx else "log.html"
    return visit.page(template, name=name, log=found, order=_order(visit), orders=ORDERS)


async def add_mapping(visit: Visit) -> Response:
    """POST /console/connections/[name]/mappings"""
    entered = {field: visit.form.get(field, "") for field in NOTHING}
    tables, name = visit.services.sync.gaps, visit.request.path_params["name"]
    try:
        await visit.services.store.write(visit.realm.org, lambda tx: tables.set(tx, visit.realm, name, **entered))
    except Fault as fault:
        wrong = {place: issue.diagnostics for issue in fault.issues for place in issue.expression if place in NOTHING}
        if not wrong:
            raise
        return await _shown(visit, answer_for(fault).status, entered, wrong)
    visit.did("set mapping", connection=visit.request.path_params["name"], kind=entered["kind"])
    return _back(visit)


async def drop_mapping(visit: Visit) -> Response:
    """POST /console/connections/[name]/mappings/remove"""
    kind, source = visit.form.get("kind", ""), visit.form.get("source", "")
    await _write(visit, lambda session, row: remove_mapping(session, row, kind, source))
    visit.did("remove mapping", connection=visit.request.path_params["name"], kind=kind)
    return _back(visit)


async def unlock(visit: Visit) -> Response:
    """POST /console/connections/[name]/unlock: the link "Unlock EMR Updates"."""
    name = visit.request.path_params["name"]
    told = await unlock_record(visit.services, visit.realm.slug, name, visit.form.get("patient", ""))
    visit.did("unlock", connection=name, patient=told["patient"])
    return _back(visit, "locked")


def _back(visit: Visit, section: str = "mappings") -> Response:
    return see_other(f"/console/connections/{visit.request.path_params['name']}#{section}")


async def _shown(
    visit: Visit, status: int = 200, entered: dict[str, str] = NOTHING, wrong: dict[str, str] | None = None
) -> Response:
    row = await connections.one(visit)
    values = await _read(visit, lambda session, found: _details(visit, session, found))
    return visit.page("connection.html", status, row=row, entered=entered, wrong=wrong or {}, **values)


def _details(visit: Visit, session: Session, row: Connection) -> dict[str, Any]:
    rooms = visit.services.sync.connections
    return {
        "settings": rooms.effective_settings(row),
        "declared": {**SHARED_SETTINGS, **rooms.translator(row).settings},
        "hooks": rooms.hooks(visit.realm, row) if visit.reaches(Role.ADMIN) else None,
        "seen": last_seen(session, rooms, row),
        "warnings": list(warnings(session, rooms, row)),
        "halfway": deliveries.halfway(session, row.id or 0)[:MOST_LOCKED],
        "gaps": gaps.wanted(session, row.id or 0)[:MOST_LOCKED],
        "questions": deliveries.asked(session, row.id or 0)[:MOST_LOCKED],
        "conflicts": open_count(session, row),
        "locked": locked(session, row.id or 0, MOST_LOCKED),
        "mappings": rooms.mappings(session, row),
        "programs": unmapped_programs(session, row)[:MOST_LOCKED],
        "modules": sorted(rooms.translator(row).pulled),
        "kinds": MAPPING_KINDS,
        "name": row.name,
        "log": _log(visit, session, row),
        "order": _order(visit),
        "orders": ORDERS,
    }


def _order(visit: Visit) -> str:
    asked = visit.request.query_params.get("order", "")
    return asked if asked in ORDERS else ""


def _log(visit: Visit, session: Session, row: Connection) -> LogPage:
    """Failed first: all of the failed ones, newest first, and then the others."""
    order, id = _order(visit), row.id or 0
    before = visit.number("before")
    if order != FAILED_FIRST:
        entries = log.page(session, id, PAGE + 1, before, failed=True if order else None)
        return _cut(row, order, entries, "")
    if visit.request.query_params.get("part") == "rest":
        return _cut(row, order, log.page(session, id, PAGE + 1, before, failed=False), "rest")
    failed = log.page(session, id, PAGE + 1, before, failed=True)
    if len(failed) > PAGE:
        return _cut(row, order, failed, "failed")
    rest = log.page(session, id, PAGE + 1 - len(failed), failed=False)
    return _cut(row, order, failed + rest, "rest")


def _cut(row: Connection, order: str, entries: list[LogEntry], part: str) -> LogPage:
    if len(entries) <= PAGE:
        return LogPage(entries, None)
    shown = entries[:PAGE]
    last = shown[-1]
    # A page may end between the two parts: then the next one starts the second part from its top.
    before = f"&before={last.id}" if part != "rest" or last.status != log.FAILED else ""
    return LogPage(shown, f"/console/connections/{row.name}/log?order={order}&part={part}{before}")


async def _read(visit: Visit, work: Callable[[Session, Connection], Any]) -> Any:
    rooms, name = visit.services.sync.connections, visit.request.path_params["name"]
    return await visit.services.store.session_read(lambda s: work(s, rooms.get(s, visit.realm, name)))


async def _write(visit: Visit, work: Callable[[Session, Connection], object]) -> None:
    rooms, name = visit.services.sync.connections, visit.request.path_params["name"]
    await visit.services.store.session_write(lambda s: work(s, rooms.get(s, visit.realm, name)))
