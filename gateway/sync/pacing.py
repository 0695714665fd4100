"""The ledger of EMRs' limits in the database: what all workers and nodes have asked for already, on one page for each.

A page is read and written in one transaction, so no permit is given twice. What a process held that died is lost with
it; the rule counts it as used. There is no patient, no connection and no organisation on a page: a limit belongs to
an address of an EMR, and organisations that share it share the page without seeing each other.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import JSON, Column, Integer, String, bindparam, select
from sqlmodel import Field, Session, SQLModel, col

from gateway.store.store import SqlStore
from gateway.sync.tables import instant
from gateway.telemetry import EMR_LEASES, EMR_REFUSALS, EMR_WAITED, EMR_WAITS
from gateway.translation.ledger import Page, Spot
from gateway.translation.limits import Grant, Rate, State

MICRO = 1_000_000


class PacePage(SQLModel, table=True):
    """The page of one EMR."""

    __tablename__ = "pace"

    key: str = Field(sa_column=Column(String(64), primary_key=True))
    """A digest of whose limit it is."""
    state: State = Field(sa_column=Column(JSON, nullable=False))
    """Of the rule."""
    closed: int = instant()
    """Until when no call may go out."""
    refusals: int = Field(default=0, sa_column=Column(Integer, nullable=False))

    @property
    def page(self) -> Page:
        return Page(dict(self.state), self.closed / MICRO, self.refusals)


CLOSED = select(col(PacePage.closed)).where(col(PacePage.key) == bindparam("key"))


def page_of(session: Session, key: str) -> Page:
    row = session.get(PacePage, key)
    return Page() if row is None else row.page


class StoredLedger:
    """Implements translation.ledger.Ledger."""

    def __init__(self, store: SqlStore, clock: Callable[[], float]) -> None:
        self.store = store
        self.clock = clock
        self._closed = store.database.compile(CLOSED)

    async def grant(self, spot: Spot, rule: Rate, wanted: int, *, hurried: bool) -> Grant:
        def taken(session: Session) -> Grant:
            page = page_of(session, spot.key)
            after, grant = page.granted(rule, self.clock(), wanted, hurried=hurried)
            if after != page:
                self._write(session, spot.key, after)
            return grant

        grant = await self.store.session_write(taken)
        EMR_LEASES.labels(spot.translator, "granted" if grant.permits else "none").inc()
        return grant

    async def shut(self, spot: Spot, pause: float | None) -> float:
        def shut(session: Session) -> float:
            after = page_of(session, spot.key).shut(self.clock(), pause)
            self._write(session, spot.key, after)
            return after.closed

        EMR_REFUSALS.labels(spot.translator).inc()
        return await self.store.session_write(shut)

    async def closed(self, spot: Spot) -> float:
        rows = await self.store.database.fetch(self._closed, {"key": spot.key})
        return rows[0][0] / MICRO if rows else 0.0

    @staticmethod
    def _write(session: Session, key: str, page: Page) -> None:
        # Rounded up: to whoever reads it, the EMR is closed at least as long as to whoever was told.
        closed = -int(-page.closed * MICRO // 1)
        session.merge(PacePage(key=key, state=page.state, closed=closed, refusals=page.refusals))


def count_wait(spot: Spot, seconds: float) -> None:
    EMR_WAITS.labels(spot.translator).inc()
    EMR_WAITED.labels(spot.translator).inc(seconds)
