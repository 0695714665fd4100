"""Conditional update, patch and delete: the one resource that criteria mean (http.html#cond-update).

Several matches are refused with 412 by Changes.match; unknown parameters and empty criteria with 400.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from starlette.requests import Request

from gateway.faults import Invalid, NotFound
from gateway.interactions.changes import Changes
from gateway.store.contract import Stored

NO_CRITERIA = frozenset({"_format", "_pretty"})


def criteria_of(request: Request) -> str:
    """The address's query, but for what says how to answer."""
    query = request.scope["query_string"].decode("latin-1")
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name not in NO_CRITERIA])


def target_of_update(changes: Changes, type: str, criteria: str, given: str | None, *expression: str) -> str:
    """The id to write to: of the match; the given one, or a new one, where nothing matches."""
    found = changes.match(type, criteria, *expression)
    if found is not None and given not in (None, found.id):
        raise Invalid("The criteria find a resource of another id than the body's", *expression)
    if found is not None:
        return found.id
    if given is None:
        return str(uuid4())
    changes.check_free(type, given, *expression)
    return given


def target_of_patch(changes: Changes, type: str, criteria: str, *expression: str) -> Stored:
    found = changes.match(type, criteria, *expression)
    if found is None:
        raise NotFound("No resource matches the criteria", *expression)
    return found
