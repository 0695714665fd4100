"""What an operation is asked: path, query and body of a request, checked against the operation's models.

All that is wrong is told at once, each at its place, and never with the value that was sent.
"""

from __future__ import annotations

from typing import Any, get_origin

import anyio
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from gateway.faces.refusals import JSON, NotAsDeclared
from gateway.negotiation import check_sends, parse_json, read_body
from gateway.translation.face import Asked, Operation, Problem

ASIDE = 64 * 1024
"""Longer bodies are parsed in a thread."""
TYPES = frozenset({JSON})


class Nothing(BaseModel):
    """The query of an operation that declares none: a parameter that nobody looks at would be lost in silence."""

    model_config = ConfigDict(extra="forbid")


async def asked(request: Request, operation: Operation) -> Asked:
    path = {name: value for name, value in request.path_params.items() if isinstance(value, str)}
    query = queried(operation.query or Nothing, request)
    if operation.body is None:
        return Asked(path, query)
    check_sends(request, TYPES, JSON)
    body = await read_body(request)
    model = operation.body
    if len(body) <= ASIDE:
        return Asked(path, query, modelled(model, body))
    return Asked(path, query, await anyio.to_thread.run_sync(modelled, model, body))


def queried(model: type[BaseModel], request: Request) -> BaseModel:
    """A parameter that is given several times is a list."""
    given: dict[str, Any] = {}
    for name in dict.fromkeys(request.query_params.keys()):
        values = request.query_params.getlist(name)
        declared = model.model_fields.get(name)
        single = len(values) == 1 and (declared is None or get_origin(declared.annotation) is not list)
        given[name] = values[0] if single else values
    try:
        return model.model_validate(given, strict=False)
    except ValidationError as error:
        raise NotAsDeclared(problems(error, "query")) from None


def modelled(model: type[BaseModel], body: bytes) -> BaseModel:
    """The model is given decoded JSON, numbers with a point as Decimal: pydantic's own decoder drops final zeros."""
    parsed = parse_json(body)
    try:
        return model.model_validate(parsed)
    except ValidationError as error:
        raise NotAsDeclared(problems(error, "body")) from None


def problems(error: ValidationError, part: str) -> tuple[Problem, ...]:
    """Without what was sent, and without what a validator of ours might have quoted of it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(Problem((part, *each["loc"]), each["msg"], each["type"]) for each in found)
