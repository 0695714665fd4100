"""What the sandbox's reads and searches are like on the wire: whole URLs of its own, includes, attachments, and faults.

eCW's documents say nothing of how fast or in how many parts an answer comes; the faults are what networks do.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.translation.sandbox import Sandbox

Document = dict[str, Any]
FHIR = "application/fhir+json"
ATTACHED, BIG, NOTE = "FFBJCD.bIn0123_4.z-1", "FFBJCD.bIg0123_4.z-2", "FFBJCD.dOc0123_4.z-1"
BIG_BYTES = 50_000_000
HANGING_S = 60.0
FAULTS = {
    "hang": "a FHIR request is not answered",
    "stall": "half of a body comes, and then nothing",
    "slow-body": "a body comes in ten parts, one every fifth of a second",
    "break-off": "half of a body comes, and then the connection is closed",
    "big-answer": "a search of Observations answers fifty megabytes",
    "outcome-entry": "searches answer an OperationOutcome among their entries",
    "absolute-references": "references are whole URLs",
    "repeat-next": "the link to the next page leads to the page at hand",
    "versions": "reads tell ETag and Last-Modified",
}


class BrokenOff(Exception):
    """Closes the connection in the middle of a body."""


def records(patient: str) -> dict[str, dict[str, Document]]:
    """A note of the patient and the file that it refers to."""
    note = {
        "resourceType": "DocumentReference", "id": NOTE, "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "content": [{"attachment": {"contentType": "text/plain", "url": f"Binary/{ATTACHED}"}}],
    }  # fmt: skip
    file = {"resourceType": "Binary", "id": ATTACHED, "contentType": "text/plain", "data": "c3ludGhldGlj"}
    return {"DocumentReference": {NOTE: note}, "Binary": {ATTACHED: file}}


class Wire:
    """How answers leave the sandbox."""

    def __init__(self, sandbox: Sandbox, path: str) -> None:
        self.sandbox = sandbox
        self.path = path

    async def hang(self) -> None:
        if "hang" in self.sandbox.faults:
            await asyncio.sleep(HANGING_S)

    def base(self, request: Request) -> str:
        return str(request.base_url).rstrip("/") + self.path

    def resource(self, request: Request, document: Document) -> Response:
        headers = {}
        if "versions" in self.sandbox.faults:
            digest = hashlib.sha256(json.dumps(document).encode()).hexdigest()[:8]
            headers = {"ETag": f'W/"{digest}"', "Last-Modified": "Sun, 01 Feb 2026 10:00:00 GMT"}
        return self._sent(self._written(request, document), headers)

    def bundle(self, request: Request, bundle: Document) -> Response:
        faults = self.sandbox.faults
        if "outcome-entry" in faults:
            issue = {"severity": "warning", "code": "informational", "diagnostics": "some results are left out"}
            outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
            bundle = {**bundle, "entry": [*bundle["entry"], {"resource": outcome, "search": {"mode": "outcome"}}]}
        if "repeat-next" in faults:
            bundle = {**bundle, "link": [*bundle["link"][:1], {"relation": "next", "url": str(request.url)}]}
        return self._sent(self._written(request, bundle), {})

    def found(
        self, request: Request, type: str, matches: list[Document], included: Iterable[Document]
    ) -> list[Document]:
        base = self.base(request)
        rows = [(document, "match") for document in matches] + [(document, "include") for document in included]
        return [
            {"fullUrl": f"{base}/{d['resourceType']}/{d['id']}", "resource": d, "search": {"mode": mode}}
            for d, mode in rows
        ]

    def referred(self, documents: dict[str, dict[str, Document]], matches: list[Document]) -> list[Document]:
        """What the matches refer to, once each."""
        named = dict.fromkeys(name for match in matches for name in _references(match))
        places = (name.split("/") for name in named)
        found = (documents.get(place[0], {}).get(place[1]) for place in places if len(place) == 2)
        return [document for document in found if document is not None]

    def big_binary(self) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield f'{{"resourceType":"Binary","id":"{BIG}","contentType":"image/png","data":"'.encode()
            for _ in range(BIG_BYTES // 40_000):
                yield b"QUJD" * 10_000
            yield b'"}'

        return StreamingResponse(parts(), media_type=FHIR)

    def big_search(self, request: Request) -> Response:
        base, note = self.base(request), "lorem ipsum " * 650

        async def parts() -> AsyncIterator[bytes]:
            yield b'{"resourceType":"Bundle","type":"searchset","entry":['
            for number in range(BIG_BYTES // 8_000):
                resource = {
                    "resourceType": "Observation", "id": f"FFBJCD.o_{number}", "status": "final",
                    "code": {"text": note},
                    "subject": {"reference": f"{base}/Patient/FFBJCD.p_1"},
                }  # fmt: skip
                entry = json.dumps({"fullUrl": f"{base}/Observation/FFBJCD.o_{number}", "resource": resource})
                yield (b"," if number else b"") + entry.encode()
            yield b"]}"

        return StreamingResponse(parts(), media_type=FHIR)

    def _written(self, request: Request, body: Document) -> bytes:
        """Attachments always have whole URLs, references where they are asked to."""
        base, names = self.base(request), {"url"}
        if "absolute-references" in self.sandbox.faults:
            names.add("reference")
        return json.dumps(_whole(body, base, names)).encode()

    def _sent(self, body: bytes, headers: dict[str, str]) -> Response:
        faults = self.sandbox.faults
        if "slow-body" in faults:
            return StreamingResponse(_slowly(body), headers=headers, media_type=FHIR)
        if {"break-off", "stall"} & faults:
            return StreamingResponse(_half(body, HANGING_S if "stall" in faults else 0), media_type=FHIR)
        return Response(body, headers=headers, media_type=FHIR)


def _whole(node: Any, base: str, names: set[str]) -> Any:
    if isinstance(node, dict):
        return {
            name: f"{base}/{value}" if name in names and _is_relative(value) else _whole(value, base, names)
            for name, value in node.items()
        }
    return [_whole(item, base, names) for item in node] if isinstance(node, list) else node


def _is_relative(value: Any) -> bool:
    return isinstance(value, str) and value[:1].isupper() and value.count("/") == 1


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


async def _slowly(body: bytes) -> AsyncIterator[bytes]:
    size = len(body) // 10 + 1
    for start in range(0, len(body), size):
        yield body[start : start + size]
        await asyncio.sleep(0.2)


async def _half(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    await asyncio.sleep(seconds)
    raise BrokenOff
