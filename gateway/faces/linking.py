"""How one answer leads on to other operations: from what was created to its own address and to what lies below it, from
a list to its first record, and from each version to what asks for it.

https://spec.openapis.org/oas/v3.1.0#link-object; programs that walk an API by its description follow them.
"""

from __future__ import annotations

import re
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gateway.translation.face import Face, Operation

CREATED = 201
PARAMETER = re.compile(r"\{(\w+)\}")
NEXT = re.compile(r"/\{(\w+)\}(/[a-z-]+)*")
VERSION = "base_version"
FIRST = "/items/0"


def links(face: Face, operation: Operation) -> dict[str, Any]:
    """By the name of the operation that they lead to."""
    return {target.name: link for target in face.operations if (link := _link(face, operation, target)) is not None}


def _link(face: Face, source: Operation, target: Operation) -> dict[str, Any] | None:
    record, parameters = _onward(source, target)
    if record is None:
        return None
    version = f"$response.body#{record}/version"
    known = {name: f"$request.path.{name}" for name in (face.org, *PARAMETER.findall(source.path))}
    told = _told(source.answer, record, "version")
    in_query = told and target.query is not None and VERSION in target.query.model_fields
    in_body = told and target.body is not None and VERSION in target.body.model_fields
    return {
        "operationId": target.name,
        "parameters": {**known, **parameters, **({VERSION: version} if in_query else {})},
        **({"requestBody": {VERSION: version}} if in_body else {}),
    }


Onward = tuple[str | None, dict[str, str]]
"""Where in the answer the record is that the target asks for, and what it asks for besides what the source was asked
with. None: one does not lead to the other."""
NOWHERE: Onward = (None, {})


def _onward(source: Operation, target: Operation) -> Onward:
    if source is target or not target.path.startswith(source.path):
        return NOWHERE
    below = target.path[len(source.path) :]
    if source.path.endswith("}") and re.fullmatch(r"(/[a-z-]+)*", below):
        return ("", {}) if target.method != "GET" else NOWHERE
    found = NEXT.fullmatch(below)
    record = _record(source)
    if found is None or record is None or not _told(source.answer, record, "id"):
        return NOWHERE
    return record, {found[1]: f"$response.body#{record}/id"}


def _record(source: Operation) -> str | None:
    """What was created, or the first of a list."""
    if source.status == CREATED:
        return ""
    return FIRST if source.method == "GET" and _item(source.answer) is not None else None


def _told(answer: Any, record: str, name: str) -> bool:
    """Whether the record of the answer has such a member."""
    return _has(answer if record == "" else _item(answer), name)


def _has(answer: Any, name: str) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseModel) and name in answer.model_fields


def _item(answer: Any) -> Any:
    """The model of a page's records."""
    if not _has(answer, "items"):
        return None
    listed = answer.model_fields["items"].annotation
    return get_args(listed)[0] if get_origin(listed) is list else None
