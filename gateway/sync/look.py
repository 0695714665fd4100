"""Looking before a push: the chart as the EMR has it now is taken first, so that what its staff changed is not undone.

A push sends what has changed here since both sides agreed. What both have changed meanwhile would be overwritten, and
nobody would know; read and merged like any pulled chart (taking.py), it goes by the connection's rule for conflicts and
is written down. Only where charts are pulled at all, and of a translator that can fetch one.
"""

from __future__ import annotations

from functools import partial

from sqlmodel import Session, col, select

from gateway.auth.authority import Realm
from gateway.store.contract import Transaction
from gateway.sync import links
from gateway.sync.connections import Connections
from gateway.sync.pull import Counts, Pull
from gateway.sync.push import Begun
from gateway.sync.stays import StayRow
from gateway.sync.tables import Connection
from gateway.translation.announced import Fetching
from gateway.translation.contract import Pulled
from gateway.translation.pulled import PullPage
from gateway.translation.runner import Runner

ATTEMPTS = 3
"""A chart may not be applied because another connection writes the same patient; one that never is stops no push."""


class Look:
    """Fetches and applies one patient's chart."""

    def __init__(self, pull: Pull) -> None:
        self.pull = pull

    async def taken(self, realm: Realm, name: str, runner: Runner, begun: Begun) -> bool:
        """Whether there was something to look at: then the push begins anew."""
        translator = runner.translator
        known = begun.link.external_id is not None and begun.link.record is not None
        if not known or not isinstance(translator, Fetching):
            return False
        store, rooms = self.pull.store, self.pull.connections
        row, key = await store.session_read(lambda session: _wanted(session, rooms, realm, name, begun))
        if key is None:
            return False
        for _ in range(ATTEMPTS):
            flow = translator.fetch(runner.account, [key], self.pull.known(row), runner.moment())
            charts = await runner.run(flow)
            counts = await self.pull.write(realm, partial(self._applied, realm=realm, name=name, charts=charts))
            if not counts["failed"]:
                break
        return True

    def _applied(self, tx: Transaction, racing: bool, *, realm: Realm, name: str, charts: tuple[Pulled, ...]) -> Counts:
        """A pull that is under way keeps its count of charts."""
        with Session(tx.connection) as session:
            total = self.pull.connections.get(session, realm, name).charts_total
        page = PullPage(charts, None, more=False, total=total, gone=0)
        return self.pull.apply(tx, realm, name, page, None, racing=racing)


def _wanted(session: Session, rooms: Connections, realm: Realm, name: str, begun: Begun) -> tuple[int, str | None]:
    """The connection, and the key of the patient's latest chart; None where charts are not pulled."""
    row: Connection = rooms.get(session, realm, name)
    if rooms.effective_settings(row)["pull"] != "true":
        return row.id or 0, None
    latest = (
        select(StayRow.key)
        .where(StayRow.connection == row.id, StayRow.patient == begun.link.local_id)
        .order_by(col(StayRow.rank).desc())
        .limit(1)
    )
    return row.id or 0, session.exec(latest).first() or begun.link.external_id


def release(tx: Transaction, rooms: Connections, realm: Realm, name: str, patient: str, holder: str) -> None:
    """Nothing is left to push: the link is free for the next one."""
    with Session(tx.connection) as session:
        row = rooms.get(session, realm, name)
        link = links.by_local(session, row.id or 0, "Patient", patient)
        if link is not None:
            links.release(link, holder)
            session.add(link)
            session.flush()
