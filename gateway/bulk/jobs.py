"""Jobs in the database: begun, asked about, moved on, ended, removed.

A job goes on where its row says. The row moves in the transaction that writes what it moves past, and only from where
it stood: a part that is worked on twice, by a process that was thought dead or after a crash, is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, func
from sqlmodel import select as select_rows

from gateway.bulk.tables import JOB, PARTS, BulkJob
from gateway.faults import NotFound, Throttled

KEPT_US = 24 * 3600 * 1_000_000
AT_ONCE, AT_ONCE_IN_ORGANISATION = 5, 20
"""Jobs of one client, and of all clients of an organisation, that are not done."""
POLLS, POLL_WINDOW_US = 10, 5 * 1_000_000
UNFINISHED = ("accepted", "running")
HELD = (*UNFINISHED, "complete", "failed")
RETRY_S = 30.0


def begin(connection: Connection, org: int, client: str, kind: str, request: dict[str, Any], now: int) -> BulkJob:
    """A new job, in the transaction that enqueues its workflow. Raises Throttled."""
    with Session(connection, expire_on_commit=False) as session:
        check_room(session, org, client, now)
        job = BulkJob(
            id=uuid4().hex, org=org, client=client, kind=kind, status="accepted", request=request,
            created=now, expires=now + KEPT_US,
        )  # fmt: skip
        session.add(job)
        session.flush()
        session.expunge(job)
        return job


def check_room(session: Session, org: int, client: str, now: int) -> None:
    unfinished = (BulkJob.org == org, col(BulkJob.status).in_(UNFINISHED), BulkJob.expires > now)
    clients = session.exec(select_rows(BulkJob.client).where(*unfinished)).all()
    if clients.count(client) >= AT_ONCE or len(clients) >= AT_ONCE_IN_ORGANISATION:
        raise Throttled(
            "As many exports and imports as are allowed at once are under way; wait or end one", after=RETRY_S
        )


def find(session: Session, org: int, client: str, id: str, now: int) -> BulkJob:
    """A job of that client that is still there: of others' nobody is told that they exist. Raises NotFound."""
    job = session.get(BulkJob, id)
    if job is None or (job.org, job.client) != (org, client) or job.status not in HELD or job.expires <= now:
        raise NotFound("There is no such export or import, or it was ended, or its time has run out")
    return job


def count_poll(session: Session, job: BulkJob, now: int) -> None:
    """Raises Throttled where a client asks without a pause."""
    if now - job.polled >= POLL_WINDOW_US:
        job.polled, job.polls = now, 0
    job.polls += 1
    session.add(job)


def is_impatient(job: BulkJob) -> bool:
    return job.polls > POLLS


def get(session: Session, id: str, *statuses: str) -> BulkJob | None:
    """The job of a workflow, while it is in one of the states."""
    job = session.get(BulkJob, id)
    return job if job is not None and job.status in statuses else None


def start(connection: Connection, id: str, transaction_time: int) -> bool:
    return _move(connection, id, [JOB.c.status == "accepted"], status="running", transaction_time=transaction_time)


def advance(connection: Connection, job: BulkJob, stage: int, after: int, done: int) -> bool:
    """From where `job` was read to stand; False where it stands elsewhere by now, or was ended."""
    there = [JOB.c.status == "running", JOB.c.stage == job.stage, JOB.c.after == job.after]
    return _move(connection, job.id, there, stage=stage, after=after, done=job.done + done)


def complete(connection: Connection, id: str, now: int) -> bool:
    return _move(connection, id, [JOB.c.status == "running"], status="complete", expires=now + KEPT_US)


def fail(connection: Connection, id: str, reason: str) -> bool:
    return _move(connection, id, [JOB.c.status.in_(UNFINISHED)], status="failed", reason=reason)


def cancel(connection: Connection, id: str) -> bool:
    return _move(connection, id, [JOB.c.status.in_(HELD)], status="cancelled")


def _move(connection: Connection, id: str, there: list[ColumnElement[bool]], **values: Any) -> bool:
    return connection.execute(update(JOB).where(JOB.c.id == id, *there).values(**values)).rowcount == 1


# --- removal ----------------------------------------------------------------------------------------------------------


def ended(connection: Connection, now: int, limit: int) -> list[str]:
    """Jobs whose rows nobody needs any more."""
    wanted = select(JOB.c.id).where((JOB.c.status == "cancelled") | (JOB.c.expires <= now)).limit(limit)
    return list(connection.execute(wanted).scalars())


def remove_some(connection: Connection, id: str, limit: int) -> bool:
    """Remove a part of a job's rows, the job last; whether that was all."""
    for table in PARTS:
        keys = list(table.primary_key.columns)[1:]
        rows = connection.execute(select(*keys).where(table.c.job == id).order_by(*keys).limit(limit)).all()
        if rows:
            upto = tuple(rows[-1])
            connection.execute(delete(table).where(table.c.job == id, _until(keys, upto)))
            return False
    connection.execute(delete(JOB).where(JOB.c.id == id))
    return True


def _until(keys: Sequence[Any], values: tuple[Any, ...]) -> ColumnElement[bool]:
    """Up to and including a row, in the order of the key."""
    first, *rest = keys
    if not rest:
        return bool_of(first <= values[0])
    return bool_of((first < values[0]) | ((first == values[0]) & _until(rest, values[1:])))


def bool_of(condition: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = condition
    return found


def unfinished(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(JOB).where(JOB.c.status.in_(UNFINISHED))).scalar() or 0
