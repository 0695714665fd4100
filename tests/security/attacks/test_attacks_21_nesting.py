"""21: nesting and recursion, in every parser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.conftest import Fhir, patient

DEEP = 20_000


def extensions(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"url": "urn:x", "valueBoolean": True}
    for _ in range(depth):
        inner = {"url": "urn:x", "extension": [inner]}
    return inner


BODIES = {
    "arrays": b'{"resourceType":"Patient","name":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "objects": b'{"resourceType":"Patient","name":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "open": b"[" * 1_000_000,
    "extensions": json.dumps({**patient(), "extension": [extensions(150)]}).encode(),
    "contained": b'{"resourceType":"Patient","contained":[' * DEEP,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(("method", "path"), [("POST", "Patient"), ("PUT", "Patient/x"), ("POST", ""),
                                              ("POST", "Patient/$validate")])  # fmt: skip
async def test_21_json(client: Fhir, method: str, path: str, body: bytes) -> None:
    answer = await client.ask(method, path, body)
    assert answer.status_code in (200, 201, 400, 413, 422), answer.text
    assert (await client.ask("GET", "metadata")).status_code == 200


@pytest.mark.parametrize("depth", [500, 50_000])
async def test_21_xml(client: Fhir, depth: int) -> None:
    body = b'<Patient xmlns="http://hl7.org/fhir">' + b'<extension url="x">' * depth + b"</extension>" * depth
    answer = await client.ask("POST", "Patient", body + b"</Patient>", headers={"Content-Type": "application/fhir+xml"})
    assert answer.status_code == 400


async def test_21_narratives(client: Fhir) -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">' + "<b>" * 20_000 + "x" + "</b>" * 20_000 + "</div>"
    answer = await client.ask("POST", "Patient", {**patient(), "text": {"status": "generated", "div": div}})
    assert answer.status_code in (201, 400)


@pytest.mark.parametrize(
    "path", ["Patient" + ".name" * 5000, "(" * 5000 + "1" + ")" * 5000, " | ".join(["Patient"] * 2000)]
)
async def test_21_fhirpath(client: Fhir, path: str) -> None:
    """hfs #1219: a thousand terms ended the process."""
    made = await client.create(patient())
    part = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": path}]
    body = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}
    answer = await client.ask("PATCH", f"Patient/{made['id']}", body)
    assert answer.status_code in (400, 422), answer.text


async def test_21_json_patch(client: Fhir) -> None:
    made = await client.create(patient())
    pointer = "/a" * 50_000
    body = [{"op": "add", "path": pointer, "value": 1}]
    headers = {"Content-Type": "application/json-patch+json"}
    answer = await client.ask("PATCH", f"Patient/{made['id']}", body, headers=headers)
    assert answer.status_code in (400, 413, 422)
