"""How far a job is, its manifest, its files and its end ("Bulk Data Status Request" and the ones that follow).

Each request is authorised anew: it has to come from the client that began the job, with a token that reaches what the
job reaches. Of another's job nobody is told that it exists.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from email.utils import formatdate
from typing import Any

from sqlmodel import Session
from starlette.responses import Response, StreamingResponse

from gateway.bulk import files, jobs
from gateway.bulk.export import request_of
from gateway.bulk.importing import IMPORTED
from gateway.bulk.kickoff import may_export, require_admin, status_url
from gateway.bulk.packing import HEADER, trailer, unpack
from gateway.bulk.request import NDJSON
from gateway.bulk.tables import BulkFile, BulkJob
from gateway.faults import Fault, Forbidden, Issue, NotFound, Throttled
from gateway.interactions.exchange import MICROSECONDS, Exchange, encode, json_response
from gateway.outcome import operation_outcome
from gateway.rendering import accepts_gzip
from gateway.store.document import instant
from gateway.store.store import SqlStore

JSON = "application/json"
LONGEST_PAUSE_S = 10
LAST = 2**31 - 1
"""Numbers of files are 32 bits wide."""


async def status(exchange: Exchange) -> Response:
    """GET [base]/_bulk/[job]"""
    services = exchange.services

    def read(session: Session) -> tuple[BulkJob, Sequence[BulkFile]]:
        job = _mine(exchange, session)
        if job.status in jobs.UNFINISHED:
            jobs.count_poll(session, job, services.clock())
        return job, files.of_job(session, job.id)

    job, made = await services.store.session_write(read)
    check_reach(exchange, job)
    if job.status == "complete":
        headers = {"Expires": formatdate(job.expires / MICROSECONDS, usegmt=True)}
        return Response(encode(manifest(exchange, job, made)), headers=headers, media_type=JSON)
    if job.status == "failed":
        raise Fault(f"It failed: {job.reason}")
    return _progress(job, services.clock())


def _mine(exchange: Exchange, session: Session) -> BulkJob:
    id = exchange.request.path_params["job"]
    return jobs.find(session, exchange.realm.org, exchange.caller.client_id, id, exchange.services.clock())


def check_reach(exchange: Exchange, job: BulkJob) -> None:
    """Raises Forbidden where the token, or the client's registration by now, would not have allowed the kick-off."""
    if job.kind == "import":
        require_admin(exchange)
        return
    request = request_of(job)
    for type in request.types:
        check_type(exchange, type)
    if not exchange.caller.purposes.issuperset(request.purposes):
        raise Forbidden("The client has lost a purpose of use that it had when it asked for this export")


def check_type(exchange: Exchange, type: str) -> None:
    if not may_export(exchange, type):
        raise Forbidden(f"The token's scopes do not allow this any more: it needs system/{type}.rs")


def _progress(job: BulkJob, now: int) -> Response:
    pause = min(LONGEST_PAUSE_S, 1 + (now - job.created) // MICROSECONDS // 5)
    if jobs.is_impatient(job):
        raise Throttled("Ask less often; Retry-After says when", after=pause)
    return Response(status_code=202, headers={"X-Progress": progress(job), "Retry-After": str(pause)})


def progress(job: BulkJob) -> str:
    """At most 100 characters, and nothing that anyone has to understand."""
    if job.status == "accepted":
        return "accepted, waiting to begin"
    if job.kind == "import":
        return f"{job.done} resources imported"
    return f"{job.done} resources exported, at type {job.stage + 1} of {len(request_of(job).types)}"


def manifest(exchange: Exchange, job: BulkJob, made: Sequence[BulkFile]) -> dict[str, Any]:
    """ "Response - Complete Status"."""
    sections: dict[str, list[dict[str, Any]]] = {"output": [], "error": []}
    if job.kind == "export" and request_of(job).since is not None:
        sections["deleted"] = []
    for file in made:
        if file.section == IMPORTED:
            sections["output"].append({"type": file.type, "count": file.count})
        else:
            url = f"{status_url(exchange.base, job.id)}/{file.number}.ndjson"
            sections[file.section].append({"type": file.type, "url": url, "count": file.count})
    time = instant(job.transaction_time or job.created)
    return {"transactionTime": time, "request": job.request["url"], "requiresAccessToken": True, **sections}


async def cancel(exchange: Exchange) -> Response:
    """DELETE [base]/_bulk/[job]: while it is under way, or to be rid of its files"""
    services = exchange.services

    def work(session: Session) -> None:
        job = _mine(exchange, session)
        check_reach(exchange, job)
        jobs.cancel(session.connection(), job.id)

    await services.store.session_write(work)
    told = Issue("Ended; nothing of it can be had any more", severity="information")
    return json_response(operation_outcome((told,)), 202)


async def download(exchange: Exchange) -> Response:
    """GET [base]/_bulk/[job]/[number].ndjson"""
    store, number = exchange.services.store, exchange.request.path_params["number"]

    def read(session: Session) -> tuple[BulkJob, BulkFile | None]:
        job = _mine(exchange, session)
        return job, session.get(BulkFile, (job.id, number)) if job.status == "complete" else None

    if number > LAST:
        raise NotFound("There is no such file")
    job, file = await store.session_read(read)
    if file is None or file.section == IMPORTED:
        raise NotFound("There is no such file")
    check_reach(exchange, job)
    packed = accepts_gzip(exchange.request.scope)
    headers = {"Expires": formatdate(job.expires / MICROSECONDS, usegmt=True), "Vary": "Accept-Encoding"}
    headers |= {"Content-Encoding": "gzip"} if packed else {"Content-Length": str(file.size)}
    content = _packed(store, file) if packed else _plain(store, file)
    return StreamingResponse(content, headers=headers, media_type=NDJSON)


async def _plain(store: SqlStore, file: BulkFile) -> AsyncIterator[bytes]:
    async for packed in _chunks(store, file):
        yield unpack(packed)


async def _packed(store: SqlStore, file: BulkFile) -> AsyncIterator[bytes]:
    yield HEADER
    async for packed in _chunks(store, file):
        yield packed
    yield trailer(file.crc, file.size)


async def _chunks(store: SqlStore, file: BulkFile) -> AsyncIterator[bytes]:
    for number in range(file.chunks):
        packed = await store.session_read(lambda session: files.chunk(session, file.job, file.number, number))  # noqa: B023
        if packed is None:
            raise NotFound("The file was removed while it was sent")  # half of it is not to look like all of it
        yield packed
