"""crosswalk connection conflicts, settle: what both sides changed, and whose value is to stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlmodel import Session

from gateway.bulk.acting import acting
from gateway.commands.answer import Json, print_json, realm_of, with_services
from gateway.commands.connection import Org
from gateway.commands.connection import app as app
from gateway.faults import Invalid
from gateway.interactions.changes import Changes
from gateway.interactions.exchange import Exchange
from gateway.services import Services
from gateway.store import document
from gateway.sync import conflicts, log
from gateway.sync.conflicts import ConflictRow, Sides
from gateway.sync.reconcile import settled
from gateway.sync.tables import Connection

MAX_LISTED = 10_000
May = Callable[[ConflictRow], Awaitable[bool]]
"""Whether the values may be shown to whoever asks."""


class Side(StrEnum):
    """Whose value is to stand."""

    EMR = "emr"
    CRM = "crm"


@app.command("conflicts")
def show(
    org: Org,
    name: str,
    all_: Annotated[bool, typer.Option("--all", help="Those that are settled, too.")] = False,
    values: Annotated[bool, typer.Option("--values", help="Also both values: patient data.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED)] = 200,
) -> None:
    """Facts that both sides changed to different values, newest first."""

    async def may(row: ConflictRow) -> bool:
        return values

    async def work(services: Services) -> None:
        print_json(await conflicts_of(services, org, name, may, all_=all_, limit=limit))

    with_services(work)


@app.command("settle")
def settle(
    org: Org,
    name: str,
    conflict: Annotated[int, typer.Argument(metavar="CONFLICT", help="Its number in `connection conflicts`.")],
    take: Annotated[Side, typer.Option(help="Whose value is to stand.")],
) -> None:
    """Let the EMR's or the CRM's value stand; it is written to the resource and goes to the EMRs."""

    async def work(services: Services) -> None:
        exchange = acting(services, await realm_of(services, org), "command line")
        print_json(await settle_conflict(exchange, name, conflict, take.value, "the command line"))

    with_services(work)


async def conflicts_of(
    services: Services, org: str, name: str, may: May, *, all_: bool = False, limit: int = 200
) -> Json:
    realm, rooms = await realm_of(services, org), services.sync.connections

    def read(session: Session) -> list[ConflictRow]:
        rows = conflicts.listed(session, rooms.get(session, realm, name), all_=all_, limit=limit)
        session.expunge_all()
        return list(rows)

    rows = await services.store.session_read(read)
    return {"conflicts": [_shown(row, name, await _sides(services, row, may)) for row in rows]}


async def _sides(services: Services, row: ConflictRow, may: May) -> Sides | None:
    return conflicts.opened(services.sync.box, row) if await may(row) else None


def _shown(row: ConflictRow, connection: str, sides: Sides | None) -> Json:
    ours: Json = {"by": row.ours_by, "at": _instant(row.ours_at)}
    theirs: Json = {"by": f"connection {connection}", "at": _instant(row.found)}
    if sides is not None:
        ours["value"], theirs["value"] = sides.values
    return {
        "conflict": row.id,
        "resource": row.resource,
        "expression": row.expression,
        "field": row.field,
        "taken": row.taken,
        "crm": ours,
        "emr": theirs,
        "settled": None
        if row.settled is None
        else {"as": row.settled_as, "by": row.settled_by, "at": _instant(row.settled)},
    }


def _instant(microseconds: int | None) -> str | None:
    return None if microseconds is None else document.instant(microseconds)


async def settle_conflict(exchange: Exchange, name: str, id: int, take: str, by: str) -> Json:
    """In one transaction; a value that is changed goes to the outbox like every write of a client."""
    if take not in conflicts.SIDES:
        raise Invalid(f"Take one of {', '.join(conflicts.SIDES)}", "take")
    rooms = exchange.services.sync.connections

    def work(changes: Changes) -> Json:
        with Session(changes.transaction.connection) as session:
            connection = rooms.get(session, exchange.realm, name)
            row = conflicts.unsettled(session, connection, id)
            if take != row.taken:
                _write(changes, row, conflicts.opened(rooms.box, row), take)
            _close(session, connection, row, changes.transaction.now, take, by)
            return {"conflict": row.id, "resource": row.resource, "settled": take, "changed": take != row.taken}

    return await exchange.commit(work)


def _write(changes: Changes, row: ConflictRow, sides: Sides, take: str) -> None:
    def other(resource: dict[str, Any]) -> dict[str, Any]:
        return settled(resource, sides.elements(row.taken), sides.elements(take))

    changes.patch(row.type, row.local_id, other)


def _close(session: Session, connection: Connection, row: ConflictRow, now: int, take: str, by: str) -> None:
    row.settled, row.settled_as, row.settled_by = now, take, by
    session.add(row)
    detail = f"{row.expression}: settled by {by}; the {'EMR' if take == 'emr' else 'CRM'}'s value stands"
    log.write(
        session,
        connection,
        now,
        direction="pull",
        resource=row.resource,
        operation="settle",
        status="ok",
        detail=detail,
    )
