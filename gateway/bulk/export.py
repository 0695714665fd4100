"""An export at work: gather once, then page after page, type after type, until all files are written."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import anyio
import msgspec
from sqlalchemy import Connection
from sqlmodel import Session

from gateway.access.restriction import restrict
from gateway.access.seen import SeenConnection
from gateway.access.sight import Sight
from gateway.auth.authority import Realm
from gateway.auth.scopes import Scopes
from gateway.bulk import files, jobs
from gateway.bulk.acting import acting_for
from gateway.bulk.files import Piece, piece
from gateway.bulk.gathering import Gathering, Keys, is_whole
from gateway.bulk.pages import PAGE, as_of, page_of_keys, page_of_type
from gateway.bulk.request import ExportRequest, filter_params, filter_query
from gateway.bulk.tables import BulkJob, BulkSelection
from gateway.faults import Issue
from gateway.interactions.exchange import Exchange, encode
from gateway.interactions.search_authority import authority, value_sets
from gateway.interactions.subset import Subset
from gateway.outcome import operation_outcome
from gateway.search.query import Query
from gateway.services import Services
from gateway.store.contract import Stored, Transaction
from gateway.store.settling import settled

Page = tuple[list[Stored], int | None]
"""Versions, and behind what the next page goes on; None at the end of a type."""


def request_of(job: BulkJob) -> ExportRequest:
    return msgspec.convert(job.request, ExportRequest)


class Export:
    """The exports of all organisations."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.store = services.store
        self.definitions = services.definitions

    async def start(self, job: BulkJob, realm: Realm) -> None:
        """Choose the transaction time and, in a snapshot just behind it, what is exported."""
        time = await self.store.write(job.org, lambda transaction: transaction.now)
        await settled(self.store)
        request = request_of(job)
        exchange = self._client(job, realm, request)
        filters = await self._filters(exchange, request)
        database = self.store.database
        gathered = await database.read(
            lambda driver: Gathering(
                driver, database.compile, self.definitions, job.org, realm.fhir_base, request, filters
            ).keys()
        )

        def work(transaction: Transaction) -> None:
            if jobs.start(transaction.connection, job.id, time):
                keep_selection(transaction.connection, job.id, gathered)

        await self.store.write(job.org, work)

    async def go_on(self, job: BulkJob, realm: Realm) -> bool:
        """One page; whether there may be more to do."""
        request = request_of(job)
        if job.stage >= len(request.types):
            await self._finish(job, request)
            return False
        sight = self._client(job, realm, request).sight
        versions, after = await self.store.session_read(lambda session: self._page(session, job, request, sight))
        pieces = await anyio.to_thread.run_sync(self._pieces, job, request, versions)
        stage, after = (job.stage + 1, 0) if after is None else (job.stage, after)

        def work(transaction: Transaction) -> bool:
            exported = sum(made.lines for made in pieces if made.section == "output")
            if not jobs.advance(transaction.connection, job, stage, after, exported):
                return False
            keep(transaction.connection, job.id, pieces)
            return True

        await self.store.write(job.org, work)
        return True

    async def _filters(self, exchange: Exchange, request: ExportRequest) -> Mapping[str, Sequence[Query]]:
        found: dict[str, list[Query]] = {}
        for type, text in request.filters:
            params = filter_params(text)
            reach = authority(exchange, await value_sets(exchange, params))
            query = filter_query(
                self.definitions, type, params, base=exchange.base, now=self.services.clock(), authority=reach
            )
            found.setdefault(type, []).append(restrict(query, exchange.sight))
        return found

    def _client(self, job: BulkJob, realm: Realm, request: ExportRequest) -> Exchange:
        """Sees what it saw when it asked."""
        scopes, purposes = Scopes.parse(request.scopes), frozenset(request.purposes)
        return acting_for(self.services, realm, job.client, scopes, purposes)

    def _page(self, session: Session, job: BulkJob, request: ExportRequest, sight: Sight) -> Page:
        connection, type, time = session.connection(), request.types[job.stage], job.transaction_time or 0
        if is_whole(request, type):
            rows = page_of_type(connection, job.org, type, job.after, request.since, time)
            after = rows[-1].key if len(rows) == PAGE else None
        else:
            selection = session.get(BulkSelection, (job.id, job.stage, job.after))
            rows = page_of_keys(connection, job.org, array("q", selection.keys)) if selection is not None else []
            after = job.after + 1 if selection is not None else None
        seen = SeenConnection(connection, job.org, sight)
        versions = as_of(connection, job.org, filter(seen.shows, rows), time, request.since)
        return list(filter(seen.shows, versions)), after

    def _pieces(self, job: BulkJob, request: ExportRequest, versions: Sequence[Stored]) -> list[Piece]:
        type, subset = request.types[job.stage], Subset("", request.elements)
        lines = [subset.body(self.definitions, version.body) for version in versions if not version.deleted]
        deleted = [f"{type}/{version.id}" for version in versions if version.deleted]
        made = [piece("output", job.stage, type, lines)] if lines else []
        return [*made, piece("deleted", 0, "Bundle", [deletions(deleted)])] if deleted else made

    async def _finish(self, job: BulkJob, request: ExportRequest) -> None:
        told = [encode(operation_outcome((Issue(text, severity="warning"),))) for text in request.warnings]

        def work(transaction: Transaction) -> None:
            if jobs.complete(transaction.connection, job.id, transaction.now) and told:
                keep(transaction.connection, job.id, [piece("error", 0, "OperationOutcome", told)])

        await self.store.write(job.org, work)


def deletions(places: Sequence[str]) -> bytes:
    """A transaction that whoever keeps a copy can run ("Response - Complete Status", `deleted`)."""
    entries = [{"request": {"method": "DELETE", "url": place}} for place in places]
    return encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def keep(connection: Connection, job: str, pieces: Sequence[Piece]) -> None:
    with Session(connection) as session:
        for made in pieces:
            files.append(session, job, made)
            session.flush()


def keep_selection(connection: Connection, job: str, gathered: Mapping[int, Keys]) -> None:
    with Session(connection) as session:
        for stage, keys in gathered.items():
            for number, start in enumerate(range(0, len(keys), PAGE)):
                part = array("q", keys[start : start + PAGE]).tobytes()
                session.add(BulkSelection(job=job, stage=stage, number=number, keys=part))
        session.flush()
