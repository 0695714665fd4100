"""Formats of requests and answers, and hostile bodies: http.html#mime-type."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator

import pytest

from gateway.negotiation import MAX_BODY
from tests.gateway.conftest import Fhir, bundle, entry, issue, patient

GOOD_ACCEPT = [
    "application/fhir+json",
    "application/json",
    "application/json+fhir",
    "*/*",
    "application/*",
    "text/html, application/fhir+json;q=0.5",
    "application/fhir+json; fhirVersion=4.0",
    "APPLICATION/FHIR+JSON",
]
BAD_ACCEPT = [
    "application/fhir+json;fhirVersion=3.0",
    "text/html",
    "image/*",
    "application/json;q=0",
    "*/*;q=0.0",
    "nonsense",
]
EMPTY = gzip.compress(b"{}", mtime=0)
"""At no hour: it is part of the name of a test, and every worker has to know the tests by the same names."""


@pytest.mark.parametrize("path", ["Patient", "metadata"])
class TestAccept:
    """The Accept header and _format."""

    @pytest.mark.parametrize("accept", GOOD_ACCEPT)
    async def test_json(self, client: Fhir, path: str, accept: str) -> None:
        answer = await client.ask("GET", path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json;charset=utf-8")

    @pytest.mark.parametrize("accept", BAD_ACCEPT)
    async def test_anything_else(self, client: Fhir, path: str, accept: str) -> None:
        answer = await client.ask("GET", path, headers={"Accept": accept})
        assert (answer.status_code, issue(answer)["code"]) == (406, "not-supported")

    @pytest.mark.parametrize(
        "format", ["json", "application/fhir+json", "application/fhir%2Bjson", "application/json;charset=utf-8"]
    )
    async def test_format_overrides(self, client: Fhir, path: str, format: str) -> None:
        answer = await client.ask("GET", f"{path}?_format={format}", headers={"Accept": "application/fhir+xml"})
        assert answer.status_code == 200

    @pytest.mark.parametrize("format", ["", "html", "ttl", "JSONP", "xml;fhirVersion=5.0"])
    async def test_other_formats(self, client: Fhir, path: str, format: str) -> None:
        answer = await client.ask("GET", f"{path}?_format={format}")
        assert (answer.status_code, issue(answer)["expression"]) == (406, ["_format"])


@pytest.mark.parametrize(("method", "path"), [("POST", "Patient"), ("PUT", "Patient/p"), ("POST", "")])
class TestBody:
    """What comes in."""

    @pytest.mark.parametrize(
        "content_type",
        [
            *("", "text/plain", "application/xhtml+xml", "application/x-www-form-urlencoded"),
            *("multipart/form-data; boundary=x", "application/json-patch+json"),
            "application/fhir+json;charset=latin-1",
        ],
    )
    async def test_media_types(self, client: Fhir, method: str, path: str, content_type: str) -> None:
        answer = await client.ask(method, path, patient(id="p"), headers={"Content-Type": content_type})
        assert (answer.status_code, issue(answer)["code"]) == (415, "not-supported")

    async def test_compressed(self, client: Fhir, method: str, path: str) -> None:
        resource = patient(id="p") if path else bundle(entry("PUT", "Patient/p", patient(id="p")))
        body = gzip.compress(json.dumps(resource).encode())
        answer = await client.ask(method, path, body, headers={"Content-Encoding": "gzip"})
        assert answer.status_code in (200, 201)
        assert await client.total("Patient?") == 1

    @pytest.mark.parametrize("coding", ["deflate", "br", "gzip, gzip"])
    async def test_compressed_otherwise(self, client: Fhir, method: str, path: str, coding: str) -> None:
        answer = await client.ask(method, path, b"x", headers={"Content-Encoding": coding})
        assert (answer.status_code, issue(answer)["code"]) == (415, "not-supported")

    @pytest.mark.parametrize("body", [b"{}", b"", EMPTY[:-4], EMPTY * 2])
    async def test_what_gzip_did_not_make(self, client: Fhir, method: str, path: str, body: bytes) -> None:
        answer = await client.ask(method, path, body, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, issue(answer)["code"]) == (400, "structure")

    async def test_a_bomb(self, client: Fhir, method: str, path: str) -> None:
        bomb = gzip.compress(b" " * (MAX_BODY + 1), 1)
        assert len(bomb) < MAX_BODY // 100
        answer = await client.ask(method, path, bomb, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, issue(answer)["code"]) == (413, "too-long")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"{",
            b"[]",
            b"null",
            b'"Patient"',
            b"1",
            b"NaN",
            b"{}",
            b'{"resourceType":1}',
            b'{"resourceType":null}',
            b'{"resourceType":"Patient","id":"p",}',
            b'{"resourceType":"Patient","id":"p"} {}',
            b'{"resourceType":"Patient","id":"p","active":true,"active":false}',
            b'{"resourceType":"Patient","id":"p","name":[{"family":"a","family":"a"}]}',
            b'{"resourceType":"Patient","id":"p","id":"p"}',
            b'{"resourceType":"Patient","resourceType":"Patient","id":"p"}',
            b'{"resourceType":"Patient","id":"p","\\u0069d":"p"}',
            b'\xef\xbb\xbf{"resourceType":"Patient","id":"p"}',
            '{"resourceType":"Patient","id":"p"}'.encode("utf-16"),
            b'{"resourceType":"Patient","id":"p","language":"\xff"}',
            b'{"resourceType":"Patient","id":"p","language":"\xed\xa0\x80"}',
            b'{"resourceType":"Patient","id":"p","language":"\\ud800"}',
            b'{"resourceType":"Patient","id":"p","language":"\\udc00x"}',
            b'{"resourceType":"Patient","id":"p","multipleBirthInteger":' + b"9" * 5000 + b"}",
            b'{"resourceType":"Patient","id":"p","multipleBirthInteger":1e99999999999999999999}',
            b'{"resourceType":"Patient","id":"p","extension":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"resourceType":"Patient","id":"p","a":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
            b'{"resourceType":"Patient","id":"p","contact":' + b"[" * 1_000_000,
            b"<Patient xmlns='http://hl7.org/fhir'><!ENTITY x 'y'></Patient>",
        ],
    )
    async def test_what_is_no_resource(self, client: Fhir, method: str, path: str, body: bytes) -> None:
        answer = await client.ask(method, path, body)
        assert (answer.status_code, issue(answer)["code"]) == (400, "structure")
        assert (await client.ask("GET", "Patient/p")).status_code == 404

    async def test_one_that_says_it_is_too_large(self, client: Fhir, method: str, path: str) -> None:
        answer = await client.ask(method, path, b"{}", headers={"Content-Length": str(MAX_BODY + 1)})
        assert (answer.status_code, issue(answer)["code"]) == (413, "too-long")

    async def test_one_that_never_ends(self, client: Fhir, method: str, path: str) -> None:
        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b" " * 1_000_000

        headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/fhir+json"}
        answer = await client.http.request(
            method, f"{client.base}/{path}".rstrip("/"), headers=headers, content=endless()
        )
        assert (answer.status_code, issue(answer)["code"]) == (413, "too-long")


def nested(depth: int) -> bytes:
    opened = b'{"url":"http://x.example","extension":[' * depth
    return (
        b'{"resourceType":"Patient","extension":['
        + opened
        + b'{"url":"http://x.example","valueCode":"x"}'
        + b"]}" * depth
        + b"]}"
    )


@pytest.mark.parametrize("depth", [70, 150, 250, 330, 490])
async def test_extensions_in_extensions_are_refused_before_anything_overflows(client: Fhir, depth: int) -> None:
    entry = b'{"request":{"method":"POST","url":"Patient"},"resource":' + nested(depth) + b"}"
    bundle = b'{"resourceType":"Bundle","type":"transaction","entry":[' + entry + b"]}"
    for path, body in (("Patient", nested(depth)), ("", bundle)):
        answer = await client.ask("POST", path, body)
        assert (answer.status_code, issue(answer)["code"]) == (400, "structure")
    assert await client.total("Patient?") == 0


@pytest.mark.parametrize("number", [b"1e999999999", b"1e-999999999", b"1e400", b"0." + b"1" * 100_000, b"1" * 1000])
async def test_numbers_no_database_holds(client: Fhir, number: bytes) -> None:
    body = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":' + number + b"}}"
    )
    answer = await client.ask("POST", "Observation", body)
    assert answer.status_code == 400
    assert await client.total("Observation?") == 0


@pytest.mark.parametrize("name", ["__proto__", "constructor", "__class__", "meta.versionId", ""])
async def test_names_that_mean_something_to_programs_are_unknown_elements(client: Fhir, name: str) -> None:
    answer = await client.ask("POST", "Patient", patient() | {name: {"x": 1}})
    assert (answer.status_code, issue(answer)["code"]) == (400, "structure")


@pytest.mark.parametrize("content_type", ["application/json", "application/fhir+json; charset=UTF-8", "text/json"])
async def test_media_types_that_are_taken(client: Fhir, content_type: str) -> None:
    answer = await client.ask("POST", "Patient", patient(), headers={"Content-Type": content_type})
    assert answer.status_code == 201
