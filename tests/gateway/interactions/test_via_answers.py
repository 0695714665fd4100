"""Whatever an EMR answers on the live road: what the caller sees of it, and how it ends when it goes wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.interactions import via_answer
from gateway.interactions.via_answer import BrokenOff
from gateway.translation.streamed import Streamed
from tests.gateway.interactions.via_world import FHIR, THEIRS, VIA, Face, Pieces, face, links, path_of
from tests.gateway.sync.conftest import prepared

__all__ = ["face", "prepared"]
pytestmark = pytest.mark.asyncio(loop_scope="module")
ETH = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}
ADA: dict[str, Any] = {"resourceType": "Patient", "id": "a_1", "gender": "female"}
BEN: dict[str, Any] = {"resourceType": "Patient", "id": "b_2", "gender": "male", "meta": {"security": [ETH]}}
STAY: dict[str, Any] = {"resourceType": "Encounter", "id": "e_1", "subject": {"reference": f"{THEIRS}/Patient/a_1"}}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}


def bundle(*resources: Any, **more: Any) -> bytes:
    entries = [{"fullUrl": f"{THEIRS}/{each['resourceType']}/{each.get('id')}", "resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", **more, "entry": entries}).encode()


@pytest.mark.parametrize(
    ("scope", "purposes", "seen", "total"),
    [
        ("system/*.rs", ("TREAT",), ["a_1", "b_2", "e_1", None], 3),
        ("system/*.rs", (), ["a_1", "e_1", None], None),
        ("system/Patient.rs", ("TREAT",), ["a_1", "b_2", None], None),
        ("system/Patient.rs?gender=male system/Encounter.r", ("TREAT",), ["b_2", "e_1", None], None),
        ("system/Patient.rs?gender=unknown", (), [None], None),
        ("system/Patient.s system/Encounter.s", ("TREAT",), ["a_1", "b_2", None], None),
    ],
)
async def test_what_is_seen_of_a_searchset(
    face: Face, scope: str, purposes: tuple[str, ...], seen: list[str | None], total: int | None
) -> None:
    body = bundle(ADA, BEN, STAY, OUTCOME, total=3)
    with face.answering(body):
        answer = await face.client(scope, purposes=frozenset(purposes)).ask("GET", "Patient?name=x")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [entry["resource"].get("id") for entry in found.get("entry", ())] == seen
    assert found.get("total") == total


async def test_nothing_is_left(face: Face) -> None:
    with face.answering(bundle(BEN, total=1)):
        found = (await face.get("Patient?name=x")).json()
    assert found == {"resourceType": "Bundle", "type": "searchset"}


@pytest.mark.parametrize(("scope", "status"), [("system/*.r", 404), ("system/*.r?gender=female", 404)])
async def test_what_is_not_seen_is_not_there(face: Face, scope: str, status: int) -> None:
    with face.answering(json.dumps(BEN).encode(), headers={"Content-Type": FHIR, "ETag": 'W/"1"'}):
        for headers in ({}, {"If-None-Match": 'W/"1"'}):
            answer = await face.get("Patient/b_2", scope, headers=headers)
            assert (answer.status_code, "etag" in answer.headers) == (status, False)


async def test_nothing_but_addresses_changes(face: Face) -> None:
    written = (
        '{ "resourceType" :"Observation","id":"o_1.a-b",\n"valueQuantity":{"value":1.00,"unknown":1E5},'
        '"x":"\\u00e9\\/",'
        '"extension":[{"url":"b"},{"url":"a"}],"subject":{"reference":"THEIRS\\/Patient\\/a_1"},'
        '"note":[{"text":"see THEIRS/Binary/1, not THEIRS2/Binary/1 or https://x.example?u=THEIRS/y"}]}\n'
    ).replace("THEIRS", THEIRS)
    ours = written.replace(f"{THEIRS}\\/", f"{VIA}\\/").replace(f"{THEIRS}/Binary", f"{VIA}/Binary")
    with face.answering(written.encode()):
        assert (await face.get("Observation/o_1.a-b")).text == ours
    inside = f'{{"resourceType":"Bundle", "entry" : [ {{"resource":{written.strip()}}} ] ,"id":"1"}}'
    with face.answering(*(bytes([byte]) for byte in inside.encode())):
        assert (await face.get("Observation?patient=1")).text == inside.replace(written.strip(), ours.strip())


async def test_packed_bodies(face: Face) -> None:
    headers = {"Content-Type": FHIR, "Content-Encoding": "gzip"}
    packed = gzip.compress(bundle(*[ADA] * 2000))
    with face.answering(packed[:1000], packed[1000:], headers=headers):
        assert len((await face.get("Patient?name=x")).json()["entry"]) == 2000
    for wrong in (packed[:1000], b"nonsense"):
        with face.answering(wrong, headers=headers), pytest.raises((BrokenOff, AssertionError)):
            assert (await face.get("Patient?name=x")).status_code == 200
    with face.answering(packed, headers={**headers, "Content-Encoding": "br"}):
        assert (await face.get("Patient?name=x")).status_code == 502


@pytest.mark.parametrize(
    ("link", "next"),
    [
        (f"{THEIRS}/Patient?name=x&page=2", "Patient?name=x&page=2"),
        ("Patient?name=x&page=2", "Patient?name=x&page=2"),
        ("http://10.0.0.7/internal/Patient?name=x&page=2", "Patient?name=x&page=2"),
        ("http://evil.example/steal", None),
        (f"{THEIRS}/Patient?name=x", None),
    ],
)
async def test_page_links(face: Face, link: str, next: str | None) -> None:
    with face.answering(bundle(ADA, link=[{"relation": "self", "url": link}, {"relation": "next", "url": link}])):
        found = links((await face.get("Patient?name=x")).json())
    assert (path_of(found["next"]) if "next" in found else None) == next
    assert found["self"].startswith(f"{VIA}/Patient?name=x")


@pytest.mark.parametrize(
    "link", [f"{THEIRS}/Patient?name=x&_offset=20", f"{THEIRS}?_getpages=7", f"{THEIRS}/Encounter?p=2"]
)
async def test_pages_of_their_own_kind_are_sealed(face: Face, link: str) -> None:
    """The parameter is undeclared: it passes because the EMR wrote it, and only as it wrote it."""
    with face.answering(bundle(ADA, link=[{"relation": "next", "url": link}])) as stub:
        found = links((await face.get("Patient?name=x")).json())["next"]
        page = await face.client().http.get(found, headers={"Authorization": f"Bearer {face.client().token}"})
        assert page.status_code == 200, page.text
        assert str(stub.asked[-1].url) == link
        asked = len(stub.asked)
        for forged in (found.replace("=20", "=40").replace("=7", "=8").replace("p=2", "p=3"), f"{found}x"):
            refused = await face.client().http.get(forged, headers={"Authorization": f"Bearer {face.client().token}"})
            assert refused.status_code == 400
        assert len(stub.asked) == asked


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (400, 400),
        (404, 404),
        (410, 410),
        (422, 422),
        (412, 412),
        (401, 502),
        (403, 502),
        (429, 503),
        (500, 502),
        (503, 504),
    ],
)
async def test_refusals(face: Face, status: int, shown: int) -> None:
    """An outcome is kept where it is about the request; whose token was refused is not the client's business."""
    client = face.client()
    base = await face.connect_apart(f"refusing{status}")
    told = {**OUTCOME, "issue": [{"severity": "error", "code": "invalid", "diagnostics": f"see {THEIRS}/x"}]}
    name = f"refusing{status}"
    with face.answering(json.dumps(told).replace("ecw.example", f"{name}.example").encode(), at=name, status=status):
        for path in ("Patient/a_1", "Patient?name=x"):
            answer = await client.http.get(f"{base}/{path}", headers={"Authorization": f"Bearer {client.token}"})
            assert answer.status_code == shown, answer.text
            assert answer.json()["resourceType"] == "OperationOutcome"
            assert f"{name}.example" not in answer.text
            assert ("see " in answer.text) == (shown == status and status < 500)


@pytest.mark.parametrize("path", ["Patient/a_1", "Patient?name=x", "Binary/1"])
@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"<html>maintenance</html>", {"headers": {"Content-Type": "text/html"}}), (b"<html>", {}), (b"", {}),
        (b"[]", {}), (b'{"resourceType":"Bundle","entry":{}}', {}),
        (b'{"resourceType":"Device"}', {}), (b'{"a":1}', {}), (b"", {"status": 204}), (b"", {"status": 302}),
        (b"{" + b'"a":"%s",' % (b"x" * 9000) * 150 + b'"resourceType":"Bundle"}', {}),
    ],
)  # fmt: skip
async def test_something_else(face: Face, path: str, body: bytes, more: dict[str, Any]) -> None:
    with face.answering(*(body[at : at + 65536] for at in range(0, len(body), 65536)), **more):
        answer = await face.get(path)
    assert (answer.status_code, answer.json()["resourceType"]) == (502, "OperationOutcome")


LOST = httpx.RemoteProtocolError("peer closed connection")


@pytest.mark.parametrize(
    "pieces",
    [
        (LOST,), (httpx.ReadTimeout("slow"),), (b'{"resourceType":"Bun', LOST), (b'{"resourceType":"Bun',),
    ],
)  # fmt: skip
async def test_what_breaks_before_it_began_is_told(face: Face, pieces: Any) -> None:
    with face.answering(*pieces):
        answer = await face.get("Patient?name=x")
    face.closed()
    assert (answer.status_code, answer.json()["resourceType"]) in ((504, "OperationOutcome"), (502, "OperationOutcome"))


@pytest.mark.parametrize(
    "rest",
    [
        (LOST,), (httpx.ReadTimeout("slow"),), (), (b"]",), (b',{"resource":{"id":"x"}}]}',),
        (b',{"a":"' + b"x" * 20_000_000,),
        (b'],"resourceType":"Device"}',), (b'],"entry":[]}',), (b"}}}",), (b"]}x",),
    ],
)  # fmt: skip
async def test_what_breaks_later_breaks_off(face: Face, rest: Any) -> None:
    """Over a real connection that is a connection which closes too early; in process, an exception."""
    with face.answering(bundle(ADA)[:-2], *rest) as stub, pytest.raises(BrokenOff):
        await face.get("Patient?name=x")
    face.closed()
    assert stub.streams[-1].is_closed


async def test_a_client_that_takes_nothing_is_left(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would hold a connection to the EMR for as long as it likes."""
    monkeypatch.setattr(via_answer, "STALLED_S", 0.05)
    upstream = Streamed(httpx.Response(200, stream=Pieces(())), lambda: None)
    passage = via_answer.Passage(upstream, b"{", _rest(), {}, FHIR)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    async def receive() -> Any:
        await asyncio.sleep(60)

    with pytest.raises(BrokenOff):
        await passage({"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert upstream.response.is_closed


async def _rest() -> AsyncIterator[bytes]:
    yield b"}"


async def test_a_binary(face: Face) -> None:
    begin = b'{"resourceType":"Binary","id":"1","contentType":"x/y", "data" : "'
    with face.answering(begin, b"QUJD" * 10, b"QUJD", b'" , "language":"en"}'):
        answer = await face.get("Binary/1")
    assert answer.content == begin + b"QUJD" * 11 + b'" , "language":"en"}'
    labelled = begin.replace(b'"id"', b'"meta":{"security":[%s]},"id"' % json.dumps(ETH).encode())
    with face.answering(labelled, b'"}'):
        assert (await face.get("Binary/1")).status_code == 404
    with face.answering(begin, b'QUJD","meta":{"security":[]}}'), pytest.raises((BrokenOff, AssertionError)):
        assert (await face.get("Binary/1")).status_code == 200
    with face.answering(b'{"data":"QUJD","resourceType":"Binary"}'):
        assert (await face.get("Binary/1")).status_code == 502


async def test_a_binary_as_it_is(face: Face) -> None:
    asked = {"Accept": "application/pdf, image/*"}
    with face.answering(b"%PDF", b"-1.7", headers={"Content-Type": "application/pdf"}) as stub:
        answer = await face.get("Binary/1", headers=asked)
        assert (answer.content, answer.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")
        assert answer.headers["content-disposition"] == "attachment"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert stub.asked[-1].headers["accept"] == "application/pdf, image/*"
        assert (await face.get("Binary/1", "system/Binary.r?_id=1", headers=asked)).status_code == 403
    with face.answering(b"<html>", headers={"Content-Type": "text/html"}):
        assert (await face.get("Binary/1", headers=asked)).status_code == 502


async def test_an_emr_that_hangs_costs_one_time_out(face: Face) -> None:
    with face.answering(status=200) as stub:
        stub.hangs = True
        first = await face.get("Patient?name=x")
        assert (first.status_code, len(stub.asked)) == (504, 1)
        for path in ("Patient?name=x", "Patient/1", "Binary/1"):
            answer = await face.get(path)
            assert answer.status_code == 503
            assert 1 <= int(answer.headers["retry-after"]) <= 11
        assert len(stub.asked) == 1
    face.closed()
    assert (await face.get("Location?name=Main")).status_code == 200


async def test_the_request_id_travels(face: Face) -> None:
    with face.answering(bundle(ADA)) as stub:
        await face.get("Patient?name=x", headers={"X-Request-Id": "live-road-1"})
    assert stub.asked[-1].headers["x-request-id"] == "live-road-1"
    assert "live-road-1" not in str(stub.asked[-1].url)


async def test_the_last_good_statement_is_kept(face: Face) -> None:
    statements: Any = face.clinic.services.sync.runners.statements
    http = face.client().http
    statements._kept.clear()
    with face.answering(b"down", status=503):
        made = (await http.get(f"{VIA}/metadata")).json()
    assert "Patient" in {each["type"] for each in made["rest"][0]["resource"]}
    statements._kept.clear()
    good = (await http.get(f"{VIA}/metadata")).json()
    assert good["date"] == "2026-08-14"
    before = len(face.calls)
    assert (await http.get(f"{VIA}/metadata")).json() == good
    assert len(face.calls) == before
    for kept in statements._kept.values():
        kept.until = 0
    with face.answering(b"down", status=503):
        assert (await http.get(f"{VIA}/metadata")).json() == good
