"""Carries out the operations that write: in one transaction, or stage by stage with one for each.

Asked with a key, whatever was carried out before is not done again, and answered as it was (repeated.py): the request
as a whole, or those stages of it that an interruption has left. Who repeats a request that is still under way joins in:
a stage is done by the one who comes to it first, and both give the same answer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from gateway.access.seen import SeenSnapshot
from gateway.audit.watching import account
from gateway.deadline import TOO_LONG, begin_again
from gateway.faces.records import SeenRecords, parts
from gateway.faces.repeated import HEADER, WHOLE, Outcome, Repeatable
from gateway.faults import Forbidden
from gateway.interactions.changes import Changes
from gateway.interactions.exchange import Exchange
from gateway.store.contract import Stored
from gateway.store.given_out import Account, accounted, told_all, withhold
from gateway.translation.face import Stage

DONE = 200
AN_EVENT_NAMES = 500
"""Resources that one event of the audit trail names."""
TAKES_LONGER = f"A part of the request took longer than {{}} seconds; ask the same again with its {HEADER} to go on"
OUT_OF_REACH = "What the request was answered is of records that the token does not reach; ask for them one by one"


@dataclass(frozen=True, slots=True)
class Told:
    """The body of an answer, as JSON."""

    body: str
    replayed: bool = False
    """Of a request that was carried out before."""
    outcome: Outcome | None = None


async def once(
    exchange: Exchange, request: Repeatable | None, work: Stage, stage: int = WHOLE, also: Iterable[Outcome] = ()
) -> Told:
    """`also`: earlier stages, whose resources are in the answer too."""

    def inside(changes: Changes) -> Told:
        records = SeenRecords(exchange, changes.seen.connected, changes.transaction.now, changes)
        if request is None:
            return Told(encoded(work(records)))
        connection = changes.transaction.connection
        if found := request.found(connection, stage):
            return told_again(records, found[stage])
        request.claim(connection, stage, changes.transaction.now)
        outcome = carried_out(records, changes, request, work, also)
        request.keep(connection, stage, outcome)
        return Told(outcome.body, False, outcome)

    return await exchange.commit(inside)


def carried_out(
    records: SeenRecords, changes: Changes, request: Repeatable, work: Stage, also: Iterable[Outcome]
) -> Outcome:
    try:
        with accounted() as looked_at:
            body = encoded(work(records))
    finally:  # a refusal names what it refuses
        told_all(looked_at.given)
        for each in looked_at.withheld:
            withhold(each)
    looked = [f"{each.type}/{each.id}" for each in (*looked_at.given, *changes.written)]
    needed = dict.fromkeys((*records.needed, *(pair for outcome in also for pair in outcome.needed)))
    looked_before = (reference for outcome in also for reference in outcome.looked)
    return Outcome(request.digest, body, tuple(needed), tuple(dict.fromkeys((*looked, *looked_before))))


def told_again(records: SeenRecords, outcome: Outcome) -> Told:
    """Refused where the caller could not be told all of it now."""
    for type, action in outcome.needed:
        records.exchange.require(type, action)
    for type, ids in outcome.by_type().items():
        for part in parts(ids):
            told_all(reached(records, type, part, outcome.actions(type)))
    return Told(outcome.body, True, outcome)


def reached(records: SeenRecords, type: str, ids: list[str], actions: tuple[str, ...]) -> list[Stored]:
    found = records.look.still(type, ids, actions)
    if found is None:
        raise Forbidden(OUT_OF_REACH, f"header.{HEADER}")
    return found


# --- stage by stage ---------------------------------------------------------------------------------------------------


async def in_stages(exchange: Exchange, request: Repeatable | None, flow: Generator[Stage, Any, Any]) -> Told:
    before = await done_before(exchange, request) if request is not None else {}
    if WHOLE in before:
        return before[WHOLE]
    told: list[Told] = []
    answer = None
    while True:
        try:
            stage = flow.send(answer)
        except StopIteration as ended:
            whole = ended.value
            break
        number = len(told)
        told.append(before.get(number) or await accounted_for(exchange, request, stage, number))
        answer = from_json(told[-1].body or "null")
    if request is None:
        return Told(encoded(whole))
    return await once(exchange, request, lambda records: whole, also=[each.outcome for each in told if each.outcome])


async def accounted_for(exchange: Exchange, request: Repeatable | None, stage: Stage, number: int) -> Told:
    """In the audit trail each stage is an event: it is carried out, whatever becomes of those that follow."""
    begin_again(exchange.request.scope, TAKES_LONGER if request is not None else TOO_LONG)
    with accounted() as looked_at:
        told = await once(exchange, request, stage, number)
    await account(exchange.request.scope, DONE, looked_at)
    return told


async def done_before(exchange: Exchange, request: Repeatable) -> Mapping[int, Told]:
    now = exchange.services.clock()

    def look(seen: SeenSnapshot) -> dict[int, Told]:
        records = SeenRecords(exchange, seen, now)
        found = request.found(seen.connection)
        wanted = {WHOLE: found[WHOLE]} if WHOLE in found else found
        return {stage: told_again(records, outcome) for stage, outcome in wanted.items()}

    with accounted() as looked_at:
        found = await exchange.store.look(look)
    for start in range(0, len(looked_at.given), AN_EVENT_NAMES):
        part = looked_at.given[start : start + AN_EVENT_NAMES]
        await account(exchange.request.scope, DONE, Account(part))
    return found


def encoded(answer: Any) -> str:
    return to_json(answer).decode() if answer is not None else ""
