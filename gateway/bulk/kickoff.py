"""POST and GET `$export`, POST `$import`: the requests that begin a job.

Bulk Data Access 2.0.0 "Bulk Data Kick-off Request" (http://hl7.org/fhir/uv/bulkdata), FHIR R4 async.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import msgspec
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.bulk import jobs
from gateway.bulk.importing import inputs_of
from gateway.bulk.levels import Level
from gateway.bulk.members import checked_patients, members_of, patient_id
from gateway.bulk.orders import Order
from gateway.bulk.request import (
    FORMATS,
    POST_ONLY,
    ExportRequest,
    Kickoff,
    Params,
    filter_query,
)
from gateway.bulk.tables import BulkJob
from gateway.bulk.workflows import enqueue
from gateway.faults import Forbidden, Invalid, Issue, MethodNotAllowed, NotSupported
from gateway.formats import FHIR_JSON, MEDIA_TYPES, RANGES, Format, media_type
from gateway.interactions.exchange import Exchange, json_response
from gateway.interactions.preferences import preference
from gateway.interactions.search_authority import authority, value_sets
from gateway.interactions.validation import check_valid
from gateway.negotiation import check_sends, check_sends_resource, parse_resource, read_body
from gateway.outcome import operation_outcome
from gateway.store.contract import Transaction

ASYNC = "respond-async"
FOLDER = "_bulk"
NOTHING = re.compile(r";q=0(?:\.0*)?(?:;|$)", re.IGNORECASE)
NDJSON_TYPES = frozenset({*(name for name in FORMATS if "/" in name), "application/x-ndjson"})
NO_ADDRESSES = "Send the lines themselves, as application/fhir+ndjson; addresses in a request are not fetched from here"


def status_url(base: str, job: str) -> str:
    return f"{base}/{FOLDER}/{job}"


# --- export -----------------------------------------------------------------------------------------------------------


async def export_system(exchange: Exchange) -> Response:
    """GET, POST [base]/$export"""
    return await _export(exchange, Level.SYSTEM)


async def export_patients(exchange: Exchange) -> Response:
    """GET, POST [base]/Patient/$export"""
    return await _export(exchange, Level.PATIENT)


async def export_group(exchange: Exchange) -> Response:
    """GET, POST [base]/Group/[id]/$export"""
    return await _export(exchange, Level.GROUP)


async def _export(exchange: Exchange, level: Level) -> Response:
    if exchange.request.method == "HEAD":
        raise MethodNotAllowed("Ask for an export by GET or POST; to look is not to begin one")
    check_headers(exchange.request)
    params, patients = await _parameters(exchange, level)
    kickoff = Kickoff(
        exchange.services.definitions,
        level,
        lambda type: may_export(exchange, type),
        preference(exchange.request, "handling") == "lenient",
    )
    kickoff.read(params)
    await _check_filters(exchange, kickoff)
    members, missed = await _patients(exchange, level, patients)
    request = ExportRequest(
        url=asked_url(exchange),
        level=level.value,
        scopes=str(exchange.caller.scopes),
        types=tuple(kickoff.types),
        since=kickoff.since,
        filters=tuple(kickoff.filters),
        elements=kickoff.elements,
        patients=members,
        warnings=(*kickoff.warnings, *missed),
        purposes=tuple(sorted(exchange.caller.purposes)),
    )
    return await _begin(exchange, "export", msgspec.to_builtins(request), told=request.warnings)


def may_export(exchange: Exchange, type: str) -> bool:
    """An export finds and reads, SMART's `s` and `r`, and is for clients that act for themselves."""
    sight = exchange.sight
    return exchange.caller.user_email is None and sight.allows(type, "r") and sight.looks_into(type)


def asked_url(exchange: Exchange) -> str:
    """As the client sees it, whatever the Host header says; a POST's parameters are in its body."""
    url = exchange.request.url
    path = url.path[url.path.index(f"/{exchange.realm.slug}/") + len(exchange.realm.slug) + 1 :]
    return f"{exchange.base}{path}" + (f"?{url.query}" if url.query else "")


def check_headers(request: Request) -> None:
    """Raises Invalid unless the client wants to be answered later, and in JSON when it is refused."""
    if preference(request, ASYNC) is None:
        raise Invalid("Send Prefer: respond-async; an export or import is always worked on in the background", "Prefer")
    accept = request.headers.getlist("accept")
    if accept and not any(_takes_json(part) for header in accept for part in header.split(",")):
        raise Invalid(f"Send Accept: {FHIR_JSON}; the answer to a kick-off has no other form", "Accept")


def _takes_json(part: str) -> bool:
    return RANGES.get(media_type(part)) is Format.JSON and NOTHING.search(part.replace(" ", "")) is None


async def _parameters(exchange: Exchange, level: Level) -> tuple[Params, list[str] | None]:
    """Those but `patient`, and the patients."""
    in_url = list(exchange.request.query_params.multi_items())
    if any(name == POST_ONLY for name, _ in in_url):
        raise Invalid("Name patients in the Parameters of a POST, not in the URL", POST_ONLY)
    if exchange.request.method != "POST":
        return in_url, None
    params, references = await _posted(exchange)
    if references and level is Level.SYSTEM:
        raise Invalid("An export of the system takes no `patient`; ask Patient/$export", POST_ONLY)
    patients = [patient_id(reference, exchange.base) for reference in references]
    return [*in_url, *params], patients or None


async def _posted(exchange: Exchange) -> tuple[list[tuple[str, str]], list[str]]:
    """The parameters of the body, and the references of `patient`; a body may be left out."""
    if exchange.request.headers.get("content-length") == "0" or "content-type" not in exchange.request.headers:
        return [], []
    format = check_sends_resource(exchange.request)
    resource = parse_resource(await read_body(exchange.request), format)
    if resource["resourceType"] != "Parameters":
        raise Invalid("Post the parameters of an export as a Parameters resource", "resourceType")
    check_valid(exchange.services.definitions, resource)
    params, patients = [], []
    for index, parameter in enumerate(resource.get("parameter", ())):
        name, place = parameter["name"], f"Parameters.parameter[{index}]"
        if name == POST_ONLY:
            patients.append(_reference(parameter, place))
        else:
            params.append((name, _text(parameter, place)))
    return params, patients


def _text(parameter: dict[str, Any], place: str) -> str:
    values = [value for key, value in parameter.items() if key.startswith("value")]
    if len(values) != 1 or not isinstance(values[0], str):
        raise Invalid("Give this parameter one value that is a text", place)
    return values[0]


def _reference(parameter: dict[str, Any], place: str) -> str:
    reference = parameter.get("valueReference", {}).get("reference")
    if not isinstance(reference, str):
        raise Invalid("Name the patient by valueReference.reference", place)
    return reference


async def _check_filters(exchange: Exchange, kickoff: Kickoff) -> None:
    """Parsed here to be refused here; the export parses them again, for its own moment."""
    services = exchange.services
    wanted: list[tuple[str, Params]] = []

    def collect(type: str, params: Params) -> None:
        wanted.append((type, params))

    kickoff.check_filters(collect)
    for type, params in wanted:
        reach = authority(exchange, await value_sets(exchange, params))
        filter_query(services.definitions, type, params, base=exchange.base, now=services.clock(), authority=reach)


async def _patients(
    exchange: Exchange, level: Level, named: list[str] | None
) -> tuple[tuple[str, ...] | None, Sequence[str]]:
    """Whom the export is about, and what has to be told of those left out."""
    if level is not Level.GROUP:
        return (await checked_patients(exchange.store, named) if named else None), ()
    members, missed = await members_of(exchange.store, exchange.id, exchange.base, exchange.services.clock())
    if named is None:
        return members, missed
    if not {*named} <= {*members}:
        raise Invalid("`patient` names someone who is no member of the Group", POST_ONLY)
    return tuple(sorted({*named})), missed


# --- import -----------------------------------------------------------------------------------------------------------


async def import_lines(exchange: Exchange) -> Response:
    """POST [base]/$import"""
    require_admin(exchange)
    if media_type(exchange.request.headers.get("content-type", "")) in MEDIA_TYPES:
        raise NotSupported(NO_ADDRESSES, "Content-Type")
    check_sends(exchange.request, NDJSON_TYPES, "resources, one on a line, as application/fhir+ndjson")
    check_headers(exchange.request)
    body = await read_body(exchange.request)
    if not body.strip():
        raise Invalid("Send at least one resource")
    inputs = await anyio.to_thread.run_sync(lambda: list(inputs_of("", body)))

    def with_inputs(session: Session, job: BulkJob) -> None:
        for waiting in inputs:
            session.merge(type(waiting)(**{**waiting.model_dump(), "job": job.id}))

    return await _begin(exchange, "import", {"url": asked_url(exchange)}, also=with_inputs)


def require_admin(exchange: Exchange) -> None:
    if not exchange.caller.scopes.admin:
        raise Forbidden("The token's scopes do not allow this: it needs gateway/admin")


# --- beginning --------------------------------------------------------------------------------------------------------


async def _begin(
    exchange: Exchange,
    kind: str,
    request: dict[str, Any],
    also: Callable[[Session, BulkJob], None] = lambda session, job: None,
    told: Sequence[str] = (),
) -> Response:
    def work(transaction: Transaction) -> str:
        org, client = exchange.realm.org, exchange.caller.client_id
        job = jobs.begin(transaction.connection, org, client, kind, request, transaction.now)
        with Session(transaction.connection) as session:
            also(session, job)
            session.flush()
        enqueue(exchange.services, transaction, Order(org, exchange.realm.slug, job.id))
        return job.id

    id = await exchange.services.store.write(exchange.realm.org, work)
    issues = [Issue("Accepted; ask at the address in Content-Location how far it is", severity="information")]
    issues += [Issue(text, severity="warning") for text in told]
    return json_response(operation_outcome(tuple(issues)), 202, {"Content-Location": status_url(exchange.base, id)})
