"""Address, authorization and failures."""

from __future__ import annotations

import json

import pytest

from gateway.faults import (
    EmrBusy,
    EmrDenied,
    EmrFault,
    EmrNonsense,
    EmrRefused,
    EmrSwitchedOff,
    EmrUnreachable,
    Fault,
    Misconfigured,
)
from gateway.outcome import answer_for
from gateway.translation.contract import Call, Reply
from tests.translators.ritten.driving import MOMENT, Clinic, account
from translators.ritten import translator
from translators.ritten.system import audience


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://api.ritten.io/v1", "https://external-api.ritten.io"),
        ("https://api.beta.ritten.io/v1", "https://external-api.beta.ritten.io"),
        ("http://127.0.0.1:8082", "http://127.0.0.1:8082"),
        ("http://127.0.0.1:8082/v1", "http://127.0.0.1:8082"),
        ("https://api.ritten.io.evil.example/v1", "https://api.ritten.io.evil.example"),
    ],
)
def test_the_audience_follows_from_the_base_url(base: str, expected: str) -> None:
    assert audience(account(base_url=base)) == expected
    assert audience(account(base_url=base, settings={"audience": "urn:mine"})) == "urn:mine"


def test_the_token_is_asked_for_in_json_without_authorization() -> None:
    flow = translator.token(account(), "", MOMENT)
    assert flow is not None
    (call,) = next(flow)
    assert (call.method, call.path, call.token) == ("POST", "/oauth/token", None)
    assert call.json == {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "audience": "http://ritten.test",
        "grant_type": "client_credentials",
    }
    assert "Authorization" not in translator.authorize(account(), call, "/v1/oauth/token", b"", None, MOMENT)
    with pytest.raises(StopIteration) as stop:
        flow.send((reply(200, b'{"access_token": "t", "token_type": "Bearer", "expires_in": 86400}'),))
    assert (stop.value.value.value, stop.value.value.expires_in) == ("t", 86400.0)
    assert "t" not in repr(stop.value.value).replace("Token", "").replace("expires_in", "")


@pytest.mark.parametrize("body", [b"{}", b'{"access_token": "t"}', b"[]", b"<html>"])
def test_a_token_answer_without_a_token_is_nonsense(body: bytes) -> None:
    flow = translator.token(account(), "", MOMENT)
    assert flow is not None
    next(flow)
    with pytest.raises(EmrNonsense):
        flow.send((reply(200, body),))


def test_a_token_url_of_its_own_is_used() -> None:
    settings = dict(account().settings) | {"token_url": "https://login.example/token"}
    flow = translator.token(account(settings=settings), "", MOMENT)
    assert flow is not None
    assert next(flow)[0].path == "https://login.example/token"


def test_calls_carry_token_and_tenant() -> None:
    signed = translator.authorize(account(), Call("GET", "/staff"), "/v1/staff", b"", "abc", MOMENT)
    assert signed == {"Accept": "application/json", "Authorization": "Bearer abc", "X-Ritten-Tenant": "ritclinic"}


@pytest.mark.parametrize("status", [302, *range(400, 600)])
def test_every_status_has_a_meaning_and_quotes_nothing(status: int) -> None:
    fault = translator.fault(reply(status, b"SECRET NAME"))
    assert isinstance(fault, EmrFault | Misconfigured)
    assert "SECRET" not in str(fault)
    assert answer_for(fault).status not in {401, 403, 404}
    assert len(str(fault)) > 20


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, "", EmrRefused),
        (401, "", EmrDenied),
        (403, "", EmrSwitchedOff),
        (404, "", EmrRefused),
        (429, "", EmrBusy),
        (500, "", EmrNonsense),
        (502, "", EmrUnreachable),
        (503, "", EmrUnreachable),
        (504, "", EmrUnreachable),
        (401, "invalid_client", EmrDenied),
        (400, "invalid_audience", Misconfigured),
        (429, "rate_limit_exceeded", EmrBusy),
        (502, "bad_gateway", EmrUnreachable),
    ],
)
def test_the_fault_table(status: int, body: str, kind: type[Fault]) -> None:
    text = json.dumps({"error": body, "error_description": "in their words"}).encode() if body else b""
    fault = translator.fault(reply(status, text))
    assert type(fault) is kind
    assert "in their words" not in str(fault)


def test_how_long_to_wait() -> None:
    calls = translator.fault(reply(429))
    mints = translator.fault(reply(429, b'{"error": "rate_limit_exceeded"}'))
    told = translator.fault(reply(429, retry_after="7"))
    assert [fault.after for fault in (calls, mints, told) if isinstance(fault, EmrBusy)] == [1.0, 1800.0, 7.0]


async def test_the_connection_test() -> None:
    clinic = Clinic()
    assert "ritclinic" in await clinic(translator.test(clinic.account, MOMENT))
    assert len(clinic.sent) == 1


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"secrets": {"client_id": "sandbox-client", "client_secret": "wrong"}}, EmrDenied),
        ({"settings": {"tenant": "elsewhere"}}, EmrSwitchedOff),
        ({"settings": {"tenant": "ritclinic", "audience": "https://other.example"}}, Misconfigured),
    ],
)
async def test_the_connection_test_tells_what_to_mend(changes: dict[str, dict[str, str]], kind: type[Fault]) -> None:
    clinic = Clinic(account=account(**changes))
    with pytest.raises(kind):
        await clinic(translator.test(clinic.account, MOMENT))
