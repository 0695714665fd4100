"""The Prefer header (RFC 7240): how much a write answers, and how a search takes parameters it does not know.

FHIR R4 http.html#ops and search.html#errors. A preference that is not understood is ignored, as RFC 7240 asks.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.faults import Issue
from gateway.interactions.exchange import Exchange, encode, location, version_headers
from gateway.negotiation import CONTENT_TYPE
from gateway.outcome import operation_outcome
from gateway.store.contract import Stored

MINIMAL, REPRESENTATION, OUTCOME = "minimal", "representation", "operationoutcome"


def preference(request: Request, name: str) -> str | None:
    """The first value of that name, in lower case."""
    if "prefer" not in request.headers:
        return None
    for part in ",".join(request.headers.getlist("prefer")).replace(";", ",").split(","):
        token, _, value = part.partition("=")
        if token.strip().lower() == name:
            return value.strip().strip('"').lower()
    return None


def deleted_response(exchange: Exchange, deleted: Stored | None) -> Response:
    """The answer to a delete: nothing, unless the client wants to be told (http.html#delete)."""
    headers = {"ETag": f'W/"{deleted.version}"'} if deleted else None
    if preference(exchange.request, "return") == OUTCOME:
        text = "The resource was deleted" if deleted else "There was nothing to delete"
        return Response(encode(operation_outcome((Issue(text, severity="information"),))), 200, headers, CONTENT_TYPE)
    return Response(status_code=204, headers=headers)


def written_response(exchange: Exchange, stored: Stored, *, created: bool) -> Response:
    """The answer to a create or update: the resource, unless the client wants less."""
    headers = {**version_headers(stored), "Location": location(exchange.base, stored)}
    wanted = preference(exchange.request, "return")
    status = 201 if created else 200
    if wanted == MINIMAL or not (stored.body or wanted == OUTCOME):
        return Response(None, status, headers)
    body = outcome_body(status) if wanted == OUTCOME else stored.body
    return Response(body, status, headers, CONTENT_TYPE)


def outcome_body(status: int) -> bytes:
    done = "The resource was created" if status == 201 else "The resource is as the answer's headers say"
    return encode(operation_outcome((Issue(done, severity="information"),)))
