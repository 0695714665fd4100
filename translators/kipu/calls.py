"""The calls that pushes, pulls and the live face share."""

from __future__ import annotations

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


def ours(account: Account, id: str, now: datetime) -> Flow[Record | None]:
    """The chart that came from a create of ours, among those of the last weeks."""
    page, first = 1, None
    while True:
        reply = yield from send(latest(account, now - WINDOW, now, page, per=100))
        rows = listed(reply, "patients")
        found = next((row for row in rows if casefile.our_id(row) == id), None)
        total, _ = pages(reply)
        repeats = bool(rows) and rows[0].get("casefile_id") == first
        if found is not None or not rows or repeats or (total is not None and page >= total):
            return found
        page, first = page + 1, rows[0].get("casefile_id")
