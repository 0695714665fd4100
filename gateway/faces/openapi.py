"""The OpenAPI of a face, made from what its operations declare, so that it says what is served.

https://spec.openapis.org/oas/v3.1.0; its schemas are those by which requests are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.faces.linking import links
from gateway.faces.schemas import Schemas
from gateway.translation.face import Face, Operation

VERSION = "3.1.0"
JSON = "application/json"
PARAMETER = re.compile(r"\{(\w+)\}")
ORGANISATION = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"}
ID = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"}
REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
HEADERS = {
    "X-Request-Id": {"description": "Finds the request in the log.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "The challenge (RFC 6750).", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "true: this is the answer to an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
ALWAYS = {
    401: "There is no bearer token, or it is not valid here.",
    403: "The token does not allow it.",
    404: "There is no such organisation.",
    422: "Something of the request is not as it is described here.",
    429: "The client asks too often.",
    500: "An error of the server.",
    503: "The database is busy.",
}
WITH_BODY = {413: "The body is too long.", 415: "The body is not said to be JSON."}
REUSED = "The idempotency key came with another request before, or with one that is still under way."
OF_STATUS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def document(face: Face) -> dict[str, Any]:
    schemas = Schemas(face)
    paths: dict[str, dict[str, Any]] = {}
    for operation in face.operations:
        place = paths.setdefault(f"{face.root}/{{{face.org}}}{operation.path}", {})
        place[operation.method.lower()] = _operation(face, operation, schemas)
    return {
        "openapi": VERSION,
        "info": {"title": face.title, "version": face.version, **_said(face.description)},
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in face.operations)],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": HEADERS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _said(description: str) -> dict[str, str]:
    return {"description": description} if description else {}


def _operation(face: Face, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    body = schemas.body(operation)
    content = {"required": True, "content": {JSON: {"schema": body}}}
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        **_said(operation.description),
        "tags": [operation.tag],
        "security": [{"bearer": []}],
        "parameters": [*_path(face, operation), *_query(operation, schemas), *_header(operation)],
        **({"requestBody": content} if body is not None else {}),
        "responses": _responses(face, operation, schemas),
    }


# --- parameters ---------------------------------------------------------------------------------------------------


def _path(face: Face, operation: Operation) -> Iterator[dict[str, Any]]:
    yield {"name": face.org, "in": "path", "required": True, "schema": ORGANISATION}
    for name in PARAMETER.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": ID}


def _query(operation: Operation, schemas: Schemas) -> Iterator[dict[str, Any]]:
    schema = schemas.query(operation)
    required = schema.get("required", ())
    for name, declared in schema.get("properties", {}).items():
        value = {**_given(declared), **{key: declared[key] for key in ("default",) if key in declared}}
        description = _said(declared.get("description", ""))
        yield {"name": name, "in": "query", "required": name in required, **description, "schema": value}


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """A query cannot say null: what may be null there may be left out."""
    if {"type": "null"} in schema.get("anyOf", ()):
        kinds = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
        return dict(kinds[0]) if len(kinds) == 1 else {"anyOf": kinds}
    return {name: value for name, value in schema.items() if name not in ("default", "description")}


def _header(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.repeatable:
        said = "The same request with the same key is carried out once, and answered alike."
        yield {"name": "Idempotency-Key", "in": "header", "required": False, "description": said, "schema": KEY}


# --- answers ------------------------------------------------------------------------------------------------------


def _responses(face: Face, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    refusals = {str(status): _refusal(status, text, schemas) for status, text in _refusals(operation).items()}
    return {str(operation.status): _answer(face, operation, schemas), **refusals}


def _answer(face: Face, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.answer(operation)
    replayed = {"Idempotency-Replayed": {"$ref": "#/components/headers/Idempotency-Replayed"}}
    onward = links(face, operation)
    return {
        "description": "Done." if schema is not None else "Done; there is no body.",
        "headers": {**REQUEST_ID, **(replayed if operation.repeatable else {})},
        **({"content": {JSON: {"schema": schema}}} if schema is not None else {}),
        **({"links": onward} if onward else {}),
    }


def _refusals(operation: Operation) -> dict[int, str]:
    found = {**ALWAYS, **(WITH_BODY if operation.body is not None else {})}
    for status, text in operation.refusals.items():
        found[status] = text if status not in found else f"{text} {found[status]}"
    if operation.repeatable:
        found.setdefault(409, REUSED)
    return dict(sorted(found.items()))


def _refusal(status: int, text: str, schemas: Schemas) -> dict[str, Any]:
    more = {name: {"$ref": f"#/components/headers/{name}"} for name in (OF_STATUS.get(status),) if name}
    return {
        "description": text,
        "headers": {**REQUEST_ID, **more},
        "content": {JSON: {"schema": schemas.invalid if status == 422 else schemas.refused}},
    }
