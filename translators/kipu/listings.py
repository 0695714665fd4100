"""The calls of a pull that answer rows: whose charts there are, or have changed, and KIPU's lists.

Rows are asked for at the lowest PHI level: they only say which charts to fetch, and the details come chart by chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gateway.translation.contract import Account, Call, Flow, Reply, send
from gateway.translation.rows import Record
from translators.kipu.system import get, listed, pages

PER = 50
LOW = ("phi_level", "low")
OFF = frozenset({404, 410})
"""How KIPU answers for a list that is switched off for the instance, or that its version does not have."""
NEEDED: frozenset[int] = frozenset()
"""No pull can do without the list: the pull ends with KIPU's refusal."""
ADMISSIONS = "/api/patients/admissions"
POLICIES = "/api/insurances/latest"
A_DAY = timedelta(days=1)
MOST_PAGES = 1000
KEYS = ("casefile_id", "patient_casefile_id")
"""Under which a row names its chart: a chart's own and, in other lists of KIPU's, the patient's."""


def _page(account: Account, path: str, page: int, *query: tuple[str, str], accepts: frozenset[int] = OFF) -> Call:
    return get(account, path, *query, ("page", str(page)), ("per", str(PER)), accepts=accepts)


def census(account: Account, page: int) -> Call:
    return _page(account, "/api/patients/census", page, LOW, accepts=NEEDED)


def admissions(account: Account, first: date, last: date, page: int) -> Call:
    days = (("start_date", first.isoformat()), ("end_date", last.isoformat()))
    return _page(account, ADMISSIONS, page, LOW, *days)


def latest(account: Account, since: datetime, upto: datetime, page: int) -> Call:
    return _page(account, "/api/patients/latest", page, LOW, *_days(since, upto), accepts=NEEDED)


def policies(account: Account, since: datetime, upto: datetime, page: int) -> Call:
    return _page(account, POLICIES, page, *_days(since, upto))


def _days(since: datetime, upto: datetime) -> tuple[tuple[str, str], tuple[str, str]]:
    """KIPU counts in days, of a zone that it does not name: a day more on both sides holds every zone."""
    return (
        ("start_date", (since - A_DAY).date().isoformat()),
        ("end_date", (upto + A_DAY).date().isoformat()),
    )


def chart_key(row: Record) -> str:
    return next((str(row[name]) for name in KEYS if row.get(name)), "")


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of rows."""

    rows: list[Record]
    head: str | None
    """What tells this page from another one: its first row."""
    pages: int | None
    total: int | None

    @classmethod
    def of(cls, reply: Reply, name: str) -> Rows:
        rows = listed(reply, name)
        number, total = pages(reply)
        return cls(rows, _head(rows), number, total)

    def is_last(self, page: int, before: str | None) -> bool:
        return not self.rows or self.head == before or (self.pages is not None and page >= self.pages)


def _head(rows: list[Record]) -> str | None:
    return None if not rows else str(rows[0].get("id") or chart_key(rows[0]))


def whole(account: Account, path: str, *names: str, paged: bool = True) -> Flow[list[Record] | None]:
    """All rows of a list, each once; None when it is switched off. `names`: what the list may be called."""
    found: dict[str, Record] = {}
    page, before = 1, None
    while True:
        call = _page(account, path, page) if paged else get(account, path, accepts=OFF)
        reply = yield from send(call)
        if reply.status in OFF:
            return None
        rows = Rows.of(reply, _name(reply, names))
        for number, row in enumerate(rows.rows):
            found.setdefault(str(row.get("id") or f"{page}/{number}"), row)
        if not paged or rows.is_last(page, before) or page >= MOST_PAGES:
            return list(found.values())
        page, before = page + 1, rows.head


def _name(reply: Reply, names: tuple[str, ...]) -> str:
    body: Any = reply.json()
    return next((name for name in names if isinstance(body, dict) and name in body), names[0])
