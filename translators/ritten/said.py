"""A PATCH whose answer was lost is not said twice where that would make list items anew.

An item without an id is a new one to Ritten, however often it is sent. Before every attempt of such a PATCH the patient
is read: where the items are there by now, an earlier attempt was carried out, and a PATCH is carried out as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from gateway.translation.contract import Call, Flow, Reply, send
from gateway.translation.rows import Record
from translators.ritten import documents

IDENTITY = {
    "addresses": ("line", "city", "postalCode"),
    "insurance": ("payerId", "memberIdentifier"),
    "referrals": ("organizationId", "personId"),
}
"""By what an item is known again before its id is known; Ritten spells states and countries its own way."""
Found = tuple[Any, ...]


def guard(current: Record, body: Record) -> Callable[[], Flow[Reply | None]] | None:
    """For a PATCH of the patient as it was read; None where it makes no items."""
    return partial(_done, current, body) if any(_new(body)) else None


def _done(current: Record, body: Record) -> Flow[Reply | None]:
    reply = yield from send(Call("GET", f"/patients/{quote(current['id'], safe='')}"))
    return reply if _is_said(current, body, documents.patient(reply)) else None


def _is_said(current: Record, body: Record, now: Record) -> bool:
    """Every new item stands among those that were not there before."""
    before = {item.get("id") for name in IDENTITY for item in current.get(name) or ()}
    added = [_known(name, item) for name in IDENTITY for item in now.get(name) or () if item.get("id") not in before]
    return all(added.count(wanted) >= count for wanted, count in _counted(_new(body)))


def _new(body: Record) -> Iterator[Found]:
    return (_known(name, item) for name in IDENTITY for item in body.get(name) or () if not item.get("id"))


def _counted(items: Iterator[Found]) -> list[tuple[Found, int]]:
    found = list(items)
    return [(item, found.count(item)) for item in found]


def _known(name: str, item: Record) -> Found:
    values = (item.get(part) for part in IDENTITY[name])
    return (name, *(value.strip().casefold() if isinstance(value, str) else value for value in values))
