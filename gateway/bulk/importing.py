"""`$import` at work: NDJSON lines into the store, as `crosswalk import` writes them.

Some lines are one transaction; where that is refused each of its lines is tried by itself, and what is wrong with a
line is told by its number. What a transaction writes and how far the job has come are one commit: a crash loads
nothing twice, resources without an id included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.bulk import files, jobs
from gateway.bulk.acting import acting
from gateway.bulk.export import keep
from gateway.bulk.files import piece
from gateway.bulk.lines import LINES, transaction_of
from gateway.bulk.packing import pack, unpack
from gateway.bulk.tables import BulkInput, BulkJob
from gateway.definitions.contract import Resource
from gateway.faults import ClientFault, Fault, Issue
from gateway.interactions.bundle import perform_transaction
from gateway.interactions.exchange import Exchange, encode
from gateway.negotiation import parse_json_resource
from gateway.outcome import answer_for, operation_outcome
from gateway.services import Services
from gateway.store.contract import Transaction

IMPORTED = "imported"
TOLD = 10
"""Issues of one line that are told."""
ENTRY = "Bundle.entry[0]."
Line = tuple[int, bytes]
"""Its number from 1, and what it holds."""


class Moved(Exception):
    """The job was ended, or another process has come further with it."""


class Import:
    """The imports of all organisations."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.store = services.store

    async def start(self, job: BulkJob, realm: Realm) -> None:
        def work(transaction: Transaction) -> None:
            jobs.start(transaction.connection, job.id, transaction.now)

        await self.store.write(job.org, work)

    async def go_on(self, job: BulkJob, realm: Realm) -> bool:
        """One input; whether there may be more."""
        waiting = await self.store.session_read(lambda session: session.get(BulkInput, (job.id, job.stage)))
        if waiting is None:
            await self.store.session_write(
                lambda session: jobs.complete(session.connection(), job.id, self.services.clock())
            )
            return False
        lines = list(lines_of(waiting))
        exchange = acting(self.services, realm, job.client)
        try:
            if job.after or not await self._all(exchange, job, lines):
                await self._each(exchange, job, lines)
        except Moved:
            return True
        return True

    async def _all(self, exchange: Exchange, job: BulkJob, lines: Sequence[Line]) -> bool:
        try:
            await self._write(exchange, job, [parse_json_resource(line) for _, line in lines], job.stage + 1, 0)
        except ClientFault:
            return False
        return True

    async def _each(self, exchange: Exchange, job: BulkJob, lines: Sequence[Line]) -> None:
        """From where it stands: `after` is how many lines of this input are done."""
        for at in range(job.after, len(lines)):
            number, line = lines[at]
            stage, after = (job.stage, at + 1) if at + 1 < len(lines) else (job.stage + 1, 0)
            try:
                await self._write(exchange, job, [parse_json_resource(line)], stage, after)
                done = 1
            except ClientFault as fault:
                await self._tell(job, number, fault, stage, after)
                done = 0
            # A copy: the row in the database has moved on.
            job = BulkJob(**{**job.model_dump(), "stage": stage, "after": after, "done": job.done + done})

    async def _write(self, exchange: Exchange, job: BulkJob, resources: list[Resource], stage: int, after: int) -> None:
        counts: dict[str, int] = {}
        for resource in resources:
            counts[resource["resourceType"]] = counts.get(resource["resourceType"], 0) + 1

        def move(connection: Connection) -> None:
            if not jobs.advance(connection, job, stage, after, len(resources)):
                raise Moved
            with Session(connection) as session:
                for type, found in counts.items():
                    files.count(session, job.id, IMPORTED, type, found)
                    session.flush()

        await perform_transaction(exchange, transaction_of(resources), also=move)

    async def _tell(self, job: BulkJob, number: int, fault: Fault, stage: int, after: int) -> None:
        told = piece("error", 0, "OperationOutcome", [encode(outcome_of_line(number, fault))])

        def work(session: Session) -> None:
            if not jobs.advance(session.connection(), job, stage, after, 0):
                raise Moved
            keep(session.connection(), job.id, [told])

        await self.store.session_write(work)


def outcome_of_line(number: int, fault: Fault) -> dict[str, Any]:
    issues = tuple(at_line(number, issue) for issue in fault.issues[:TOLD])
    return operation_outcome(issues, answer_for(fault).code)


def at_line(number: int, issue: Issue) -> Issue:
    """From the Bundle that carried the line to the line."""
    places = tuple(place.removeprefix(ENTRY).removeprefix("resource.") for place in issue.expression)
    return replace(issue, diagnostics=f"Line {number}: {issue.diagnostics}", expression=places)


# --- inputs -----------------------------------------------------------------------------------------------------------


def inputs_of(job: str, body: bytes) -> Iterator[BulkInput]:
    """The lines of a body in parts, as they wait in the database."""
    lines = body.split(b"\n")
    for number, start in enumerate(range(0, len(lines), LINES)):
        some = lines[start : start + LINES]
        yield BulkInput(job=job, number=number, first=start + 1, data=pack(b"\n".join(some)))


def lines_of(waiting: BulkInput) -> Iterator[Line]:
    for number, line in enumerate(unpack(bytes(waiting.data)).split(b"\n"), waiting.first):
        if line.strip():
            yield number, line.strip()
