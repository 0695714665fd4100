"""The calls that pushes, pulls and the live face share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.faults import EmrNonsense, EmrRefused
from gateway.translation.contract import Account, Call, Flow, Reply, send
from gateway.translation.rows import Record
from translators.kipu import casefile
from translators.kipu.document import as_named
from translators.kipu.system import get, listed, pages

DETAILS = (
    ("phi_level", "high"),
    ("insurance_detail", "v121"),
    ("demographics_detail", "v121"),
    ("patient_status_detail", "v121"),
    ("patient_contacts_detail", "true"),
)
"""Without these KIPU leaves out most of a chart."""
PER = 50
MISSING = frozenset({404})
WINDOW = timedelta(days=31)
"""How far back we look for a chart that a create of ours may have made: longer than an outage is left to retries."""


def address(key: str) -> tuple[int, str]:
    """The patient's number and master of a casefile id."""
    found = casefile.parts(key)
    if found is None:
        raise EmrRefused("the link's id is no KIPU casefile id; it should read NUMBER:UUID")
    return found


def detail(account: Account, key: str, accepts: frozenset[int] = frozenset()) -> Call:
    number, master = address(key)
    return get(account, f"/api/patients/{number}", *DETAILS, ("patient_master_id", master), accepts=accepts)


def census(account: Account, page: int, per: int = PER) -> Call:
    return get(account, "/api/patients/census", *DETAILS, ("page", str(page)), ("per", str(per)))


def latest(account: Account, since: datetime, upto: datetime, page: int, per: int = PER) -> Call:
    """KIPU counts in days, of a zone that it does not name: a day more on both sides holds every zone."""
    days = (
        ("start_date", (since - timedelta(days=1)).date().isoformat()),
        ("end_date", (upto + timedelta(days=1)).date().isoformat()),
    )
    return get(account, "/api/patients/latest", *DETAILS, *days, ("page", str(page)), ("per", str(per)))


def patient_of(reply: Reply) -> Record:
    body = reply.json()
    record = body.get("patient") if isinstance(body, dict) else None
    if not isinstance(record, dict) or not record.get("casefile_id"):
        raise EmrNonsense("KIPU answered a patient call without a patient")
    return as_named(record)


WHO = ("first_name", "last_name", "dob")


@dataclass(frozen=True, slots=True)
class Shown:
    """What KIPU shows of a create of ours."""

    ours: Record | None = None
    """The chart that names our own id."""
    alike: tuple[Record, ...] = ()
    """Charts of that name and birth date that name no id of ours."""


def shown(account: Account, id: str, who: Record, since: datetime, now: datetime) -> Flow[Shown]:
    """Looks through what KIPU updated since; our own id ends the search, for nothing beats it."""
    page, first, alike = 1, None, dict[str, Record]()
    while True:
        reply = yield from send(latest(account, since, now, page, per=100))
        rows = listed(reply, "patients")
        found = next((row for row in rows if casefile.our_id(row) == id), None)
        alike |= {str(row.get("casefile_id")): row for row in rows if _is_alike(row, who)}
        total, _ = pages(reply)
        repeats = bool(rows) and rows[0].get("casefile_id") == first
        if found is not None or not rows or repeats or (total is not None and page >= total):
            return Shown(found, tuple(alike.values()))
        page, first = page + 1, rows[0].get("casefile_id")


def _is_alike(row: Record, who: Record) -> bool:
    told = [str(row.get(name) or "").strip().casefold() for name in WHO]
    wanted = [str(who.get(name) or "").strip().casefold() for name in WHO]
    return told == wanted and all(wanted) and casefile.our_id(row) is None
