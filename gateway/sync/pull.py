"""One pull: page after page of what an EMR has that is news, each page applied with its cursor in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.definitions.contract import Definitions
from gateway.provenance.authors import connection_author
from gateway.store.contract import Transaction
from gateway.store.store import SqlStore
from gateway.store.trouble import UNIQUE_VIOLATION, state_of, stops_a_transaction
from gateway.sync import links, log
from gateway.sync.absent import absent
from gateway.sync.apply import Applied, Became, ChartApplication, RefusedResource
from gateway.sync.connections import Connections
from gateway.sync.journal import unforeseen
from gateway.sync.known import KnownPatients
from gateway.sync.page import PageMemory
from gateway.sync.tables import Connection
from gateway.telemetry import PULLED
from gateway.translation.contract import Account, Moment, Pulled, PullPage, Translator
from gateway.translation.runner import Runner

T = TypeVar("T")
Counts = dict[str, int]
NEWS = frozenset({Became.CREATED, Became.UPDATED})
NOTHING: Counts = {became.value: 0 for became in Became}


@dataclass(frozen=True, slots=True)
class Start:
    """What a page of a pull starts from."""

    translator: Translator
    account: Account
    known: KnownPatients


@dataclass(frozen=True, slots=True)
class After:
    """The cursor that a page was fetched from: where another pull has come further meanwhile, it is not set back."""

    cursor: str | None


class PageDone(NamedTuple):
    """What became of a page's charts, the new cursor, whether more follow, and after how many seconds."""

    counts: Counts
    cursor: str | None
    more: bool
    wait: float = 0.0


class Pull:
    """Pulls of all connections. A page is idempotent: cut off anywhere, it is fetched and applied again."""

    def __init__(self, store: SqlStore, definitions: Definitions, connections: Connections) -> None:
        self.store = store
        self.definitions = definitions
        self.connections = connections

    async def page(
        self, realm: Realm, name: str, runner: Runner, moment: Moment, types: frozenset[str], cursor: str | None
    ) -> PageDone:
        """Fetch and apply one page."""
        start = await self.store.session_read(lambda session: self._start(session, realm, name))
        fetched = await runner.run(start.translator.pull(start.account, cursor, start.known, moment, types))
        after = None if types else After(cursor)
        # Who asks for a list by its type is told of its rows; beside charts, lists do not count.
        lists = bool(types) and not any(pulled.patient_key for pulled in fetched.charts)
        counts = await self.write(
            realm, lambda tx, racing: self.apply(tx, realm, name, fetched, after, lists=lists, racing=racing)
        )
        for became, number in counts.items():
            PULLED.labels(start.translator.name, became).inc(number)
        return PageDone(counts, fetched.cursor, fetched.more, fetched.wait)

    def _start(self, session: Session, realm: Realm, name: str) -> Start:
        row = self.connections.get(session, realm, name)
        account = self.connections.account(session, realm, row)
        return Start(self.connections.translator(row), account, self.known(row.id or 0))

    def known(self, connection: int) -> KnownPatients:
        return KnownPatients(self.store.engine, connection)

    async def write(self, realm: Realm, work: Callable[[Transaction, bool], T]) -> T:
        """Do `work` in a transaction, at first as one that races with other writers.

        A name that is taken may be a race that was lost, and the transaction is made again. Only what is so each time
        is a fault of the chart.
        """
        try:
            return await self.store.write(realm.org, lambda tx: work(tx, True))
        except Exception as error:
            if state_of(error) != UNIQUE_VIOLATION:
                raise
        return await self.store.write(realm.org, lambda tx: work(tx, False))

    def apply(
        self,
        tx: Transaction,
        realm: Realm,
        name: str,
        page: PullPage,
        after: After | None,
        *,
        lists: bool = False,
        racing: bool = False,
    ) -> Counts:
        counts = Counter(NOTHING)
        tx.author = connection_author(realm, name)
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            account = self.connections.account(session, realm, row)
            told, memory = log.recently(session, row.id or 0), PageMemory(session, row.id or 0)
            memory.read_ahead(page.charts)
            for pulled in self._with_absent(session, row, page):
                applied = self._apply_chart(tx, session, realm, row, account, pulled, memory, racing=racing)
                counted = applied.parts or (applied.became,) if lists else (applied.became,)
                if lists or pulled.patient_key is not None:
                    counts.update(each.value for each in counted if each is not Became.UNCHANGED or not page.counted)
                self._log(session, row, tx.now, applied, told)
            counts[Became.UNCHANGED.value] += page.unchanged
            self._note(session, row, tx.now, page.notes, told)
            patients = [pulled.patient_key for pulled in page.charts if pulled.patient_key is not None]
            if after is not None:
                links.looked(session, row.id or 0, patients, tx.now)
            row.charts_seen += len(patients) if page.gone is None else page.gone
            row.charts_total = row.charts_total if page.total is None else page.total
            if after is not None and row.cursor == after.cursor:
                row.cursor = page.cursor
            session.add(row)
            session.flush()
        return dict(counts)

    def _with_absent(self, session: Session, row: Connection, page: PullPage) -> Iterator[Pulled]:
        """The charts and lists of a page; behind a whole list what it no longer has."""
        for pulled in page.charts:
            yield pulled
            if (gone := absent(session, row.id or 0, pulled)) is not None:
                yield gone

    def _apply_chart(
        self,
        tx: Transaction,
        session: Session,
        realm: Realm,
        row: Connection,
        account: Account,
        pulled: Pulled,
        memory: PageMemory,
        *,
        racing: bool,
    ) -> Applied:
        """One chart that does not translate leaves no trace and stops no other."""
        savepoint, written, box = session.begin_nested(), len(tx.written), self.connections.box
        session.connection()  # sets the savepoint now; else the session's first statement would, after our writes
        try:
            applied = ChartApplication(tx, session, realm, row, account, self.definitions, pulled, box, memory).run()
        except RefusedResource as refused:
            savepoint.rollback()
            memory.forget()
            del tx.written[written:]
            return Applied(Became.FAILED, None, str(refused))
        except Exception as error:
            if stops_a_transaction(error) or (racing and state_of(error) == UNIQUE_VIOLATION):
                raise
            savepoint.rollback()
            memory.forget()
            del tx.written[written:]
            return Applied(Became.FAILED, None, str(unforeseen(error, "pull")))
        savepoint.commit()
        return applied

    def _log(self, session: Session, row: Connection, now: int, applied: Applied, told: set[log.Told]) -> None:
        """What stays as it was, pull after pull, is told once."""
        if applied.became is Became.UNCHANGED and not applied.detail:
            return
        line = (applied.resource, applied.became.value, applied.detail[: log.MAX_DETAIL])
        if applied.became not in NEWS and line in told:
            return
        told.add(line)
        status = "failed" if applied.became is Became.FAILED else "ok"
        detail = applied.detail or "taken from the EMR"
        log.entry(session, row, now, "pull", applied.became.value, status, detail, applied.resource)

    def _note(self, session: Session, row: Connection, now: int, notes: tuple[str, ...], told: set[log.Told]) -> None:
        for note in notes:
            line = (None, "note", note[: log.MAX_DETAIL])
            if line not in told:
                told.add(line)
                log.write(session, row, now, direction="pull", operation="note", status="skipped", detail=note)

    def started(self, tx: Transaction, realm: Realm, name: str) -> str | None:
        """Mark the pull as under way; answers the cursor to go on from."""
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            row.pull_started, row.charts_seen, row.charts_total = tx.now, 0, None
            session.add(row)
            session.flush()
            return row.cursor

    def finished(self, tx: Transaction, realm: Realm, name: str, counts: Counts, error: str | None) -> None:
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            row.pull_finished, row.pull_error = tx.now, error
            session.add(row)
            said = error or ", ".join(f"{number} {became}" for became, number in counts.items())
            status = "failed" if error else "ok"
            log.write(session, row, tx.now, direction="pull", operation="pull", status=status, detail=said)
