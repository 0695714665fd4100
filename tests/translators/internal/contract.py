"""The facts of an OpenAPI document that two of them can be compared by: one line for each parameter and each member.

`required string date-time`, `array of string`, `query: string = "asc": asc | desc`. That something may be null is no
fact here, as there are different ways to say so, nor are bounds, of which the contract has next to none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]
Lines = dict[str, str]
CONTRACT = Path(__file__).with_name("contract.json")
JSON = "application/json"


def contract() -> dict[str, Any]:
    """What the API's own contract says, by `METHOD path`; alike answers stand there once."""
    written = json.loads(CONTRACT.read_text())
    shapes: dict[str, Any] = written["shapes"]
    operations: dict[str, Any] = written["operations"]
    for operation in operations.values():
        operation["body"] = shapes.get(operation.get("body"), {})
        operation["answers"] = {status: shapes.get(shape, {}) for status, shape in operation["answers"].items()}
    return operations


def facts(document: Schema) -> dict[str, Any]:
    """The same of an OpenAPI document."""
    return {
        f"{method.upper()} {path}": _operation(document, operation)
        for path, place in document["paths"].items()
        for method, operation in place.items()
    }


def _operation(document: Schema, operation: Schema) -> dict[str, Any]:
    return {
        "name": operation["operationId"],
        "tag": operation["tags"][0],
        "parameters": {each["name"]: _parameter(document, each) for each in operation["parameters"]},
        "body": _members(document, _content(operation.get("requestBody", {}))),
        "answers": {
            status: _members(document, _content(answer)) if status < "3" else {}
            for status, answer in operation["responses"].items()
        },
    }


def _content(part: Schema) -> Schema:
    schema: Schema = part.get("content", {}).get(JSON, {}).get("schema", {})
    return schema


def _parameter(document: Schema, parameter: Schema) -> str:
    """Without a format: in addresses everything is text."""
    line = _line(document, parameter["schema"], parameter.get("required", False), with_format=False)
    return f"{parameter['in']}: {line}"


def _members(document: Schema, schema: Schema) -> Lines:
    return dict(sorted(_walk(document, schema, "")))


def _walk(document: Schema, schema: Schema, above: str) -> Iterator[tuple[str, str]]:
    known = _plain(document, schema)
    if known.get("type") == "array":
        yield f"{above}[]", _line(document, known["items"], False)
    for name, member in known.get("properties", {}).items():
        yield above + name, _line(document, member, name in known.get("required", ()))
        yield from _below(document, member, f"{above}{name}.")


def _below(document: Schema, member: Schema, above: str) -> Iterator[tuple[str, str]]:
    """Of what lies deeper, the contract has one thing only."""
    if above == "page_info.":
        yield from _walk(document, member, above)


def _plain(document: Schema, schema: Schema) -> Schema:
    """Without references and without null."""
    if "$ref" in schema:
        return _plain(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    return {**schema, **_plain(document, kinds[0])} if kinds else schema


def _line(document: Schema, schema: Schema, required: bool, *, with_format: bool = True) -> str:
    known = _plain(document, schema)
    types = known.get("type", "anything")
    words = ["required"] if required else []
    words += [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    if "array" in words:
        words += ["of", _line(document, known.get("items", {}), False)]
    if with_format and "format" in known:
        words.append(known["format"])
    if known.get("default") is not None:
        words.append(f"= {json.dumps(known['default'])}")
    listed = ": " + " | ".join(sorted(each for each in known["enum"] if each)) if "enum" in known else ""
    return " ".join(words) + listed
