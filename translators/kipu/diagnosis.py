"""What an operator of the first hour is told: the test of a connection, and what a bare status does not say.

KIPU answers 403 for credentials that do not belong together and for a right that is missing, and 422 for whatever is
wrong with a document. One more question to KIPU tells which it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from gateway.faults import EmrDenied, EmrNonsense, EmrRefused, Misconfigured
from gateway.translation.contract import Account, Call, Flow, Reply, send
from translators.kipu import calls
from translators.kipu.system import NotAllowed, NotTaken, get, listed, skew, wrong_clock

T = TypeVar("T")
ANY = frozenset(range(300, 600))
WORTH_TELLING = timedelta(minutes=2)
NO_RIGHTS = (
    "KIPU takes the credentials and refuses phi_level=high: the API client lacks the right to it;"
    " ask KIPU to give this access_id high PHI access"
)
ELSEWHERE = "What answers at base_url is not KIPU's API"


def test(account: Account) -> Flow[str]:
    """Address, credentials, rights, clock and locations, in the order in which they go wrong."""
    reply = yield from send(get(account, "/api/locations", accepts=frozenset({404})))
    if reply.status == 404:
        raise EmrRefused(f"{ELSEWHERE} (status 404): check base_url, and api_version")
    known = _locations(reply)
    yield from _read_phi(account)
    _demand_locations(account, known)
    told = f"KIPU answers; the instance has {len(known)} location{'' if len(known) == 1 else 's'}"
    apart = skew(reply)
    return told if apart is None or abs(apart) < WORTH_TELLING else f"{told}; {wrong_clock(apart)}: set the clock"


def _locations(reply: Reply) -> dict[str, str]:
    try:
        rows = listed(reply, "locations")
    except EmrNonsense:
        raise EmrNonsense(
            f"{ELSEWHERE}, or KIPU is being upgraded (it sent no list of locations): check base_url"
        ) from (None)
    return {str(row.get("location_id")): str(row.get("location_name", "")) for row in rows}


def _read_phi(account: Account) -> Flow[None]:
    try:
        reply = yield from send(calls.census(account, 1, per=1))
    except NotAllowed:
        raise EmrDenied(NO_RIGHTS) from None
    if any("first_name" not in row for row in listed(reply, "patients")):
        raise EmrDenied(NO_RIGHTS)


def _demand_locations(account: Account, known: Mapping[str, str]) -> None:
    for number, place in _named(account):
        if number and number not in known:
            raise Misconfigured(f"{place}: {_no_location(number, known)}", place)


def _named(account: Account) -> Iterator[tuple[str, str]]:
    yield account.settings.get("location_id", ""), "location_id"
    for number in sorted(set(account.mappings.get("location", {}).values())):
        yield number, "mapping location"


def _no_location(number: str, known: Mapping[str, str]) -> str:
    names = ", ".join(f"{id} {name}".strip() for id, name in sorted(known.items()))
    return f"KIPU has no location {number}; it has {names or 'none'}"


def explained(account: Account, flow: Flow[T]) -> Flow[T]:
    """The flow; when KIPU does not allow it although the credentials are right, that is said."""
    try:
        return (yield from flow)
    except NotAllowed:
        reply = yield from send(get(account, "/api/locations", accepts=ANY))
        if reply.status == 200:
            raise EmrDenied(NO_RIGHTS) from None
        raise


def written(account: Account, call: Call, record: Mapping[str, Any]) -> Flow[Reply]:
    """A create or update; when it was refused for a location that KIPU does not have, that is said."""
    try:
        return (yield from send(call))
    except NotTaken:
        number = str(record.get("location_id") or "")
        reply = yield from send(get(account, "/api/locations", accepts=ANY))
        if not number or reply.status != 200 or number in (known := _locations(reply)):
            raise
        to_do = "give another with --set location_id=…, or `crosswalk mapping set … location`"
        raise EmrRefused(f"{_no_location(number, known)}: {to_do}", "Encounter.location") from None
