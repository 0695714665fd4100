"""Ritten's lists as a whole: facilities, programs, staff and payers."""

from __future__ import annotations

from gateway.translation.contract import Call, Flow, send
from gateway.translation.rows import Record
from translators.ritten.documents import entries, listed
from translators.ritten.unchanged import settled
from translators.ritten.walk import LIMIT

PAGED = {"Location": ("/facilities", "facilities", LIMIT), "HealthcareService": ("/programs", "programs", 200)}
AT_ONCE = {"Practitioner": "/staff", "Organization": "/insurance/payers"}
NOT_GRANTED = frozenset({403})
"""Ritten's answer where the integration was not given a feature."""


def directory(type: str, name: str | None = None) -> Flow[list[Record]]:
    """Raises EmrSwitchedOff where the list was not granted."""
    return (yield from _read(type, name, frozenset())) or []


def granted(type: str) -> Flow[list[Record] | None]:
    """None where the list was not granted."""
    return (yield from _read(type, None, NOT_GRANTED))


def facilities() -> Flow[dict[str, str]]:
    """Of each program that has one: program's id → facility's id."""
    programs = (yield from granted("HealthcareService")) or []
    places = {program["id"]: program.get("facility") for program in programs}
    return {
        id: place["id"] for id, place in places.items() if isinstance(place, dict) and isinstance(place.get("id"), str)
    }


def _read(type: str, name: str | None, accepts: frozenset[int]) -> Flow[list[Record] | None]:
    if type in PAGED:
        return (yield from _paged(*PAGED[type], name, accepts))
    reply = yield from send(Call("GET", AT_ONCE[type], accepts=accepts))
    return None if reply.status in accepts else [settled(entry) for entry in entries(reply.json(), type)]


def _paged(path: str, rows: str, limit: int, name: str | None, accepts: frozenset[int]) -> Flow[list[Record] | None]:
    found: list[Record] = []
    chosen = (("search", name),) if name else ()
    while True:
        query = (*chosen, ("limit", str(limit)), ("offset", str(len(found))))
        reply = yield from send(Call("GET", path, query=query, accepts=accepts))
        if reply.status in accepts:
            return None
        page, total = listed(reply, rows)
        found += page
        if not page or (len(page) < limit if total is None else len(found) >= total):
            return found
