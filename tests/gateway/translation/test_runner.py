"""The runner: steps, replies, faults, guards, tokens and authorization of flows."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gateway.faults import EmrBusy, EmrDenied, EmrNonsense, EmrRefused, Fault, Misconfigured, NotFound
from gateway.translation.contract import Call, Flow, Replies, Reply, gather, send
from gateway.translation.rate import Pace
from gateway.translation.runner import Attempt
from gateway.translation.tokens import MemoryTokens
from tests.gateway.translation.vendor import Acme, account, raw_server, runner


def calls(*wanted: Call) -> Flow[Replies]:
    replies: list[Reply] = []
    for call in wanted:
        replies.append((yield from send(call)))
    return tuple(replies)


async def test_a_flow_is_driven_to_its_result() -> None:
    def flow() -> Flow[list[Any]]:
        first = yield from send(Call("GET", "/one"))
        rest = yield from gather([Call("GET", f"/{first.json()['next']}"), Call("GET", "/three")])
        return [reply.json()["at"] for reply in rest]

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"at": request.url.path, "next": "two"})

    assert await runner(answer).run(flow()) == ["/api/two", "/api/three"]


async def test_steps_have_stable_names_without_data_and_picklable_replies() -> None:
    steps: list[tuple[str, bool]] = []

    async def step(name: str, attempt: Attempt, repeatable: bool) -> Replies:
        steps.append((name, repeatable))
        replies: Replies = pickle.loads(pickle.dumps(await attempt()))  # noqa: S301 - our own
        return replies

    def flow() -> Flow[None]:
        yield from gather([Call("GET", "/patients/secret"), Call("GET", "/x")])
        yield from send(Call("PATCH", "/patients/secret"))
        yield from send(Call("POST", "/patients", json={"name": "secret"}))
        yield from send(Call("POST", "/patients", guard=lambda: found(None)))

    await runner().run(flow(), step)
    assert steps == [("acme 1 GET x2", True), ("acme 2 PATCH", True), ("acme 3 POST", False), ("acme 4 POST", True)]


def found(reply: Reply | None) -> Flow[Reply | None]:
    yield from send(Call("GET", "/look"))
    return reply


async def test_a_fault_is_raised_at_the_yield_and_may_be_caught() -> None:
    def flow() -> Flow[str]:
        try:
            yield from send(Call("GET", "/gone"))
        except EmrRefused as fault:
            reply = yield from send(Call("GET", "/instead", accepts=frozenset({404})))
            return f"{fault}, then {reply.status}"
        return "nothing"

    assert await runner(lambda request: httpx.Response(404)).run(flow()) == "Acme answered 404, then 404"


async def test_an_uncaught_fault_comes_out_and_the_flow_is_closed() -> None:
    closed: list[bool] = []

    def flow() -> Flow[None]:
        try:
            yield from send(Call("GET", "/busy"))
        finally:
            closed.append(True)

    with pytest.raises(EmrBusy) as caught:
        await runner(lambda request: httpx.Response(503, text="Jane Doe")).run(flow())
    assert closed == [True]
    assert (caught.value.after, str(caught.value)) == (7.0, "Acme is busy")
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (copy.after, copy.issues) == (7.0, caught.value.issues)


async def test_all_calls_of_a_step_end_before_its_fault_is_told() -> None:
    done: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0 if request.url.path.endswith("bad") else 0.01)
        done.append(request.url.path)
        return httpx.Response(422 if request.url.path.endswith("bad") else 200)

    def flow() -> Flow[Replies]:
        return (yield from gather([Call("GET", "/bad"), Call("PUT", "/good")]))

    with pytest.raises(EmrRefused):
        await runner(answer).run(flow())
    assert done == ["/api/bad", "/api/good"]


async def test_a_guard_runs_before_every_attempt_and_its_finding_is_taken() -> None:
    seen: list[str] = []
    existing: list[Reply] = []

    def guard() -> Flow[Reply | None]:
        yield from send(Call("GET", "/look"))
        return existing[0] if existing else None

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(503 if request.method == "POST" else 200)

    async def thrice(name: str, attempt: Attempt, repeatable: bool) -> Replies:
        for _ in range(2):
            with pytest.raises(EmrBusy):
                await attempt()
        existing.append(Reply(200, {}, b'"made by the lost call"'))
        return await attempt()

    (reply,) = await runner(answer).run(calls(Call("POST", "/patients", guard=guard)), thrice)
    assert reply.json() == "made by the lost call"
    assert seen == ["GET", "POST", "GET", "POST", "GET"]


ODD = [
    Call("GET", "/a/b%2Fc;v=1", (("x", "a b+c&d=e/f?g#h"), ("y", "é|\"<>{}^`\\~!*'()"), ("", ""))),
    Call("GET", "/a//b:@c/%7e?x[]=1|2", (("z", "%20"),)),
    Call("GET", "/"),
]


@pytest.mark.parametrize("call", ODD, ids=["escaped", "query in path", "root"])
async def test_the_target_that_is_signed_is_sent_byte_for_byte(call: Call) -> None:
    vendor = Acme()
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server, httpx.AsyncClient() as client:
        await runner(vendor=vendor, to=account(f"{server.url}/api"), client=client).run(calls(call))
    (target, _), sent = vendor.signed[0], server.heads[0].split(b" ")[1]
    assert sent == target.encode("ascii")
    assert f" {target}\r\n".encode() in server.heads[0]


async def test_the_body_is_made_once_and_keeps_its_decimals() -> None:
    vendor = Acme()
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server, httpx.AsyncClient() as client:
        body = {"weight": Decimal("70.10"), "name": "Zoë"}
        await runner(vendor=vendor, to=account(server.url), client=client).run(calls(Call("POST", "/x", json=body)))
    assert server.bodies[0] == vendor.signed[0][1] == '{"weight":70.10,"name":"Zoë"}'.encode()
    assert b"content-type: application/json\r\n" in server.heads[0].lower()


async def test_a_call_may_say_its_own_media_type_and_a_form_is_encoded() -> None:
    seen: list[httpx.Request] = []
    flow = calls(
        Call("POST", "/x", json=1, headers={"content-type": "application/fhir+json", "Accept": "text/plain"}),
        Call("POST", "/x", form={"a": "b c&"}),
    )

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    await runner(answer, request_id="req-1").run(flow)
    assert [request.headers["content-type"] for request in seen] == [
        "application/fhir+json",
        "application/x-www-form-urlencoded",
    ]
    assert (seen[0].headers["accept"], seen[1].content) == ("text/plain", b"a=b+c%26")
    assert {request.headers["x-request-id"] for request in seen} == {"req-1"}


async def test_a_call_without_authorization_is_not_signed_and_cookies_are_not_kept() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, headers={"Set-Cookie": "session=1"})

    (reply, _) = await runner(answer).run(calls(Call("GET", "/x", token=None), Call("GET", "/x")))
    assert "x-signature" not in seen[0]
    assert "x-signature" in seen[1]
    assert "cookie" not in seen[1]
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(status, headers={"Location": "https://evil.example/"})

    with pytest.raises(EmrNonsense, match=f"{status}, a redirect"):
        await runner(answer).run(calls(Call("GET", "/x")))
    assert asked == ["acme.example"]


class TokenVendor:
    """Counts the tokens that it gives, and takes the newest only."""

    def __init__(self, expires_in: float = 3600) -> None:
        self.given = 0
        self.valid = {"t1"}
        self.expires_in = expires_in
        self.seen: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            assert "authorization" not in request.headers
            self.given += 1
            return httpx.Response(200, json={"access_token": f"t{self.given}", "expires_in": self.expires_in})
        self.seen.append(request.headers["authorization"].removeprefix("Bearer "))
        return httpx.Response(200 if self.seen[-1] in self.valid else 401)


async def test_one_token_serves_many_calls() -> None:
    vendor = TokenVendor()
    flow = gather([Call("GET", f"/{n}") for n in range(5)])
    await runner(vendor, vendor=Acme(has_tokens=True)).run(flow)
    assert (vendor.given, vendor.seen) == (1, ["t1"] * 5)


async def test_a_kept_token_that_was_withdrawn_is_renewed_once() -> None:
    vendor, tokens = TokenVendor(), MemoryTokens()
    await runner(vendor, vendor=Acme(has_tokens=True), tokens=tokens).run(calls(Call("GET", "/x")))
    vendor.valid = {"t2"}
    await runner(vendor, vendor=Acme(has_tokens=True), tokens=tokens).run(gather([Call("POST", "/x")] * 3))
    assert vendor.given == 2
    assert vendor.seen[-3:] == ["t2"] * 3


async def test_a_new_token_that_is_refused_is_not_tried_again() -> None:
    vendor, tokens = TokenVendor(), MemoryTokens()
    vendor.valid = set()
    for _ in range(2):
        with pytest.raises(EmrDenied):
            await runner(vendor, vendor=Acme(has_tokens=True), tokens=tokens).run(calls(Call("GET", "/x")))
    assert (vendor.given, vendor.seen) == (2, ["t1", "t2"])


@pytest.mark.parametrize(
    "path",
    [
        "https://acme.example.evil.net/x",
        "https://acme.example:8443/x",
        "http://acme.example/x",
        "https://acme.example@evil.net/x",
        "https://user:pw@acme.example/x",
        "https://login.acme.example/x",
        "//evil.net/x".lstrip("/"),
        "@evil.net/",
        ".evil.net/",
    ],
)
async def test_credentials_go_to_the_origin_of_the_connection_only(path: str) -> None:
    """Attack 17."""
    asked: list[str] = []
    to = account(token_url="https://login.acme.example/token")
    with pytest.raises(Misconfigured):
        await runner(lambda r: asked.append(r.url.host), to=to).run(calls(Call("GET", path)))
    assert asked == []


async def test_whole_urls_of_the_same_origin_and_tokens_from_their_own_host_are_fine() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"access_token": "t", "expires_in": 60})

    to = account(token_url="https://login.acme.example/token")
    await runner(answer, vendor=Acme(has_tokens=True), to=to).run(calls(Call("GET", "https://ACME.example:443/p?n=2")))
    assert asked == ["https://login.acme.example/token", "https://acme.example/p?n=2"]


@pytest.mark.parametrize(
    "path", ["/patients/..", "/patients/%2e%2E/admin", "/a/./b", "/a b", "/a\r\nX: y", "/a#b", "/ä"]
)
async def test_ids_do_not_lead_elsewhere(path: str) -> None:
    asked: list[httpx.URL] = []
    with pytest.raises(NotFound):
        await runner(lambda r: asked.append(r.url)).run(calls(Call("GET", path)))
    assert asked == []


async def test_an_account_shares_its_concurrency_among_runners() -> None:
    under_way, most = 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return httpx.Response(200)

    pace = Pace()
    runners = [runner(answer, vendor=Acme(concurrency=3), pace=pace) for _ in range(4)]
    await asyncio.gather(*(one.run(gather([Call("GET", "/x")] * 5)) for one in runners))
    assert most == 3


async def test_a_flow_that_yields_nothing_to_do_goes_on() -> None:
    def flow() -> Flow[str]:
        replies = yield ()
        return f"{len(replies)} replies"

    assert await runner().run(flow()) == "0 replies"


async def test_errors_of_a_flow_are_not_hidden() -> None:
    def flow() -> Iterator[Any]:
        yield from send(Call("GET", "/x"))
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await runner().run(flow())  # type: ignore[arg-type]


def test_faults_keep_their_issues_when_pickled() -> None:
    fault = Fault("say", "Patient.name")
    assert pickle.loads(pickle.dumps(fault)).issues == fault.issues  # noqa: S301 - our own
