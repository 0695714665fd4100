"""What surrounds every answer: request ids, headers, log lines, and what is said when something breaks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from gateway.envelope import Envelope
from gateway.faults import EmrBusy, EmrDenied, Misconfigured
from gateway.unread import MOST
from tests.gateway.conftest import Fhir, issue, patient


@pytest.mark.parametrize(
    "path", ["Patient", "Patient/none", "metadata", "nothing/at/all/here", ".well-known/smart-configuration"]
)
async def test_headers_of_every_answer(client: Fhir, path: str) -> None:
    answer = await client.ask("GET", path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-request-id"]
    assert len(answer.headers.get_list("cache-control")) == 1
    if path.startswith("Patient"):
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        *(("order-66.of_the.day", True), ("x" * 128, True), ("short", False), ("x" * 129, False)),
        *(("has blank s", False), ("<script>alert", False), ("", False), ("ümlaut-umlaut", False)),
    ],
)
async def test_request_ids(client: Fhir, sent: str, kept: bool) -> None:
    answer = await client.ask("GET", "Patient", headers={"X-Request-Id": sent})
    assert (answer.headers["x-request-id"] == sent) is kept
    assert len(answer.headers.get_list("x-request-id")) == 1


async def test_a_log_line_names_the_route_and_no_patient(client: Fhir, log_lines: list[Any]) -> None:
    await client.ask("GET", "Patient/marlow-1?name=Marlow")
    await client.ask("POST", "Patient", patient("Marlow", gender="Marlow"))
    lines = [line for line in log_lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in lines[-2:]] == [
        ("GET", "/fhir/r4/{org}/{type:type}/{id:id}", 404),
        ("POST", "/fhir/r4/{org}/{type:type}", 400),
    ]
    assert "marlow" not in str(log_lines).lower()


async def test_invented_methods_are_counted_as_one(client: Fhir) -> None:
    for method in ("FOO", "BAR"):
        assert (await client.ask(method, "Patient")).status_code == 405
    labels = {
        sample.labels["method"]
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if "method" in sample.labels
    }
    assert "other" in labels
    assert not labels & {"FOO", "BAR"}


async def test_what_nobody_foresaw_is_told_without_its_message(log_lines: list[Any]) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("about Marlow")

    transport = httpx.ASGITransport(Envelope(broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/")
    assert (answer.status_code, issue(answer)["code"]) == (500, "exception")
    assert "Marlow" not in answer.text + str(log_lines)
    assert log_lines[0]["kind"] == "RuntimeError"
    assert any("broken test_envelope.py" in frame for frame in log_lines[0]["at"])


async def test_an_answer_that_breaks_off_is_not_completed(log_lines: list[Any]) -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    transport = httpx.ASGITransport(Envelope(half))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        with pytest.raises(RuntimeError, match="half way"):
            await http.get("/")


async def test_a_client_that_hangs_up_is_no_error(app: Starlette, client: Fhir, log_lines: list[Any]) -> None:
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there")

    headers = [(b"authorization", f"Bearer {client.token}".encode()), (b"content-type", b"application/fhir+json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/fhir/r4/north/Patient",
        "headers": headers,
        "query_string": b"",
    }
    log_lines.clear()
    await app(scope, receive, send)
    assert [(line["event"], line["status"]) for line in log_lines] == [("request", 499)]


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [
        (EmrBusy("later", after=2.5), 503, {"retry-after": "3"}),
        (EmrBusy("later"), 503, {}),
        (EmrDenied("no"), 502, {}),
        (Misconfigured("set it"), 500, {}),
    ],
)
async def test_faults_of_emrs(app: Starlette, http: httpx.AsyncClient, fault: Any, status: int, headers: Any) -> None:
    async def failing(request: Request) -> Response:
        raise fault

    app.router.routes.append(Route("/failing", failing))
    answer = await http.get("/failing")
    assert answer.status_code == status
    assert issue(answer)["diagnostics"] == str(fault)
    assert {name: answer.headers[name] for name in headers} == headers
    assert "www-authenticate" not in answer.headers


async def _refused_unread(parts: list[bytes], length: int) -> list[str]:
    """What happens in which order when an application refuses without reading the body."""
    happened: list[str] = []
    left = list(parts)

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=415)(scope, receive, send)

    async def receive() -> Message:
        happened.append("read")
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Message) -> None:
        happened.append(message["type"])

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"content-length", str(length).encode())],
    }
    await Envelope(refusing)(scope, receive, send)
    return happened


async def test_what_nobody_read_of_a_body_is_taken_before_the_answer() -> None:
    happened = await _refused_unread([b"a", b"b"], 2)
    assert happened == ["read", "read", "http.response.start", "http.response.body"]


@pytest.mark.parametrize("length", [0, MOST + 1])
async def test_no_body_and_a_huge_one_are_not_waited_for(length: int) -> None:
    assert await _refused_unread([], length) == ["http.response.start", "http.response.body"]
