"""Connections at a glance: a row for each, which keeps itself current while something is under way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session
from starlette.responses import Response

from gateway.commands.connection import pull_order
from gateway.console import words
from gateway.console.pages import see_other
from gateway.console.visit import Visit
from gateway.search.parse import parse
from gateway.sync import overview
from gateway.sync.tables import Connection
from gateway.sync.tested import prove
from gateway.sync.workflows import Order

UNDER_WAY = ("queued", "pulling")
WAITING, FAILED = "requested,in-progress", "failed"
Row = dict[str, Any]


async def show_all(visit: Visit) -> Response:
    """GET /console/"""
    found = await visit.services.store.session_read(
        lambda s: _seen(visit, s, visit.services.sync.connections.all(s, visit.realm.org))
    )
    return visit.page("connections.html", rows=[await _counted(visit, row) for row in found])


async def show_row(visit: Visit) -> Response:
    """GET /console/connections/[name]/row?before=…&was=…: asked for by the row itself."""
    row = await one(visit, visit.number("before"))
    over = visit.request.query_params.get("was") in UNDER_WAY and row["state"] not in UNDER_WAY
    return visit.page("row.html", row=row, said=_told(row) if over else None, failed=row["state"] == "failing")


async def pull(visit: Visit) -> Response:
    """POST /console/connections/[name]/pull"""
    row, some = await one(visit), visit.form.get("resource", "")
    if some:
        order = await pull_order(visit.services, visit.realm.slug, row["connection"], (some,))
        await visit.services.sync.workflows.enqueue_pull(order)
        visit.did("pull", connection=row["connection"], resource=some)
        return see_other("/console/")
    if row["state"] == "pulling":
        said = f"{row['connection']} is pulling already."
    else:
        order = Order(visit.realm.org, visit.realm.slug, row["connection"])
        await visit.services.sync.workflows.enqueue_pull(order)
        visit.did("pull", connection=row["connection"])
        row = await one(visit, row["started"] or 0)
        said = f"{row['connection']}: a pull was queued."
    return visit.page("row.html", row=row, said=said, failed=False) if visit.by_htmx else see_other("/console/")


async def test(visit: Visit) -> Response:
    """POST /console/connections/[name]/test"""
    name = visit.request.path_params["name"]
    result = await prove(visit.services.store, visit.services.sync.runners, visit.realm, name)
    visit.did("test", connection=name, ok=str(result["ok"]))
    outcome = f"works ({result['latency_ms']} ms)" if result["ok"] else "does not work"
    said = f"{name} {outcome}: {result['detail']}"
    template = "said.html" if visit.by_htmx else "tested.html"
    return visit.page(template, said=said, failed=not result["ok"])


async def one(visit: Visit, before: int | None = None) -> Row:
    """The connection of the path; raises NotFound. `before`: when the pull before the one that is awaited began."""
    name, rooms = visit.request.path_params["name"], visit.services.sync.connections
    (row,) = await visit.services.store.session_read(
        lambda s: _seen(visit, s, [rooms.get(s, visit.realm, name)], before)
    )
    return await _counted(visit, row)


def _seen(visit: Visit, session: Session, found: Iterable[Connection], before: int | None = None) -> list[Row]:
    now, rooms = visit.services.clock(), visit.services.sync.connections
    return [
        {**told, **_states(row, told["status"], before), **_about(visit, row)}
        for row in found
        for told in [overview.connection(session, rooms, visit.realm, row, now)]
    ]


def _states(row: Connection, state: str, before: int | None) -> Row:
    if before is not None and (row.pull_started or 0) == before and state != "pulling":
        state = "queued"
    return {
        "state": state,
        "state_words": words.STATES[state],
        "under_way": state in UNDER_WAY,
        "before": before if state == "queued" else None,
        "started": row.pull_started,
        "finished": row.pull_finished,
    }


def _about(visit: Visit, row: Connection) -> Row:
    return {"title": visit.services.sync.connections.translator(row).title}


async def _counted(visit: Visit, row: Row) -> Row:
    """With its pushes: those that wait and those that failed for good."""
    name = row["connection"]
    return {**row, "waiting": await _pushes(visit, name, WAITING), "failed": await _pushes(visit, name, FAILED)}


async def _pushes(visit: Visit, name: str, status: str) -> int:
    wanted = [("owner", f"Endpoint/{name}"), ("status", status), ("_summary", "count")]
    services = visit.services
    query, _ = parse(services.definitions, "Task", wanted, base=visit.realm.fhir_base, now=services.clock())
    return (await services.store.search(visit.realm.org, query)).total or 0


def _told(row: Row) -> str:
    if row["state"] == "failing":
        return f"{row['connection']}: the pull failed. {row['detail']}"
    return f"{row['connection']}: the pull is done, {words.counted(row['charts_seen'], 'chart')} seen."
