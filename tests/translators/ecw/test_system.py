"""Tokens, scopes, faults and the connection test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt

from gateway.faults import (
    EmrBusy,
    EmrDenied,
    EmrNonsense,
    EmrRefused,
    EmrSwitchedOff,
    Fault,
    Misconfigured,
)
from gateway.outcome import outcome_of
from gateway.translation.contract import Call
from tests.translators.ecw.world import HOST, KEY, World, account, reply
from translators.ecw import scopes, translator
from translators.ecw.denials import OAUTH
from translators.ecw.system import HTTP

SECRET = "Rowan Tester 913-555-0142"


def test_the_token_request() -> None:
    world = World()
    flow = translator.token(account({"token_url": "https://auth.example/token"}), "system/Patient.read", world.moment())
    assert flow is not None
    (call,) = next(flow)
    assert (call.method, call.path, call.token) == ("POST", "https://auth.example/token", None)
    form = dict(call.form or {})
    token = jwt.decode(form.pop("client_assertion"), KEY, algorithms=["RS384"])
    issued = int(world.now.timestamp())
    assert token.header["alg"] == "RS384"
    assert token.claims == {
        "iss": "sandbox-client", "sub": "sandbox-client", "aud": "https://auth.example/token", "jti": "nonce-0",
        "iat": issued, "exp": issued + 300,
    }  # fmt: skip
    assert form == {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "scope": "system/Patient.read",
    }
    with pytest.raises(StopIteration) as stop:
        flow.send((reply({"access_token": "t", "expires_in": 300}),))
    assert (stop.value.value.value, stop.value.value.expires_in) == ("t", 300)


def test_discovery_falls_back_to_the_metadata() -> None:
    flow = translator.token(account({"audience": "https://aud.example"}), "s", World().moment())
    assert flow is not None
    assert [call.path for call in next(flow)] == ["/.well-known/smart-configuration"]
    assert [call.path for call in flow.send((reply({}, 404),))] == ["/metadata"]
    uris = {"url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"}
    extension = {
        **uris,
        "extension": [{"url": "authorize", "valueUri": "x"}, {"url": "token", "valueUri": f"{HOST}/t"}],
    }
    (call,) = flow.send((reply({"rest": [{"security": {"extension": [extension]}}]}),))
    assert call.path == f"{HOST}/t"
    assert (
        jwt.decode((call.form or {})["client_assertion"], KEY, algorithms=["RS384"]).claims["aud"]
        == "https://aud.example"
    )


@pytest.mark.parametrize("found", [{}, {"token_endpoint": "http://evil.example/token"}, {"token_endpoint": ""}])
def test_token_endpoints_that_are_not_trusted(found: dict[str, Any]) -> None:
    flow = translator.token(account(), "s", World().moment())
    assert flow is not None
    next(flow)
    answers = [reply(found)] if found.get("token_endpoint") else [reply(found), reply({}, 404)]
    for answer in answers[:-1]:
        flow.send((answer,))
    with pytest.raises(Misconfigured):
        flow.send((answers[-1],))


@pytest.mark.parametrize("body", [{}, [], {"access_token": ""}])
def test_an_answer_without_token(body: Any) -> None:
    flow = translator.token(account({"token_url": "https://auth.example"}), "s", World().moment())
    assert flow is not None
    next(flow)
    with pytest.raises(EmrNonsense):
        flow.send((reply(body),))


def test_authorization() -> None:
    call, world = Call("GET", "/x"), World()
    assert translator.authorize(account(), call, "/x", b"", "t", world.moment()) == {"Authorization": "Bearer t"}
    assert translator.authorize(account(), call, "/x", b"", None, world.moment()) == {}


REGISTERED = "system/Patient.read system/Patient.c system/Group.read system/Encounter.read"


@pytest.mark.parametrize(
    ("settings", "type", "expected"),
    [
        ({}, "Observation", "system/Observation.read"),
        ({}, "Coverage", scopes.reading(account())),
        ({}, "Group", "system/Group.read"),
        ({}, "FamilyMemberHistory", "system/*.r"),
        ({"scope": REGISTERED}, "Encounter", "system/Encounter.read system/Patient.read"),
        ({"scope": "system/*.read"}, "Goal", "system/*.read"),
    ],
)
def test_reading_scopes(settings: Mapping[str, str], type: str, expected: str) -> None:
    assert scopes.reading(account(settings), type) == expected
    assert type == "Group" or "Group" not in expected


@pytest.mark.parametrize(
    ("scope", "reads", "writes"),
    [
        ("system/Patient.read", True, False),
        ("system/Patient.rs", True, False),
        ("system/Patient.r", True, False),
        ("system/Patient.write", False, True),
        ("system/Patient.cu", False, True),
        ("system/Patient.update", False, True),
        ("system/Patient.cruds", True, True),
        ("system/*.*", True, True),
        ("system/Patient.d", False, False),
        ("system/Patient.sr", None, None),
        ("patient/Patient.read", None, None),
        ("openid", None, None),
    ],
)
def test_both_syntaxes_of_scopes(scope: str, reads: bool | None, writes: bool | None) -> None:
    asked = account({"scope": scope})
    assert scopes.unknown(asked) == ([scope] if reads is None else [])
    assert scopes.reads(asked, "Patient") is bool(reads)
    if not writes:
        with pytest.raises(Misconfigured):
            scopes.writing(asked)
    elif scope != "system/*.*":
        assert scopes.writing(asked) == scope


def test_writing_scopes() -> None:
    assert scopes.writing(account({"scope": REGISTERED})) == "system/Patient.c system/Patient.read"
    with pytest.raises(Misconfigured, match=r"Patient\.c"):
        scopes.writing(account({"scope": "system/Patient.read"}))
    with pytest.raises(Misconfigured, match="Goal"):
        scopes.reading(account({"scope": REGISTERED}), "Goal")


@pytest.mark.parametrize("status", [100, 199, 300, *range(400, 600), 999])
@pytest.mark.parametrize("body", [b"", SECRET.encode(), json.dumps({"error_description": SECRET}).encode(), b"[]"])
def test_faults_are_total_and_repeat_nothing(status: int, body: bytes) -> None:
    fault = translator.fault(reply(body, status))
    told = json.dumps(outcome_of(fault))
    assert isinstance(fault, Fault)
    assert len(str(fault)) > 20
    assert not any(word in told for word in SECRET.split())


FAULTS: list[tuple[int, Any, type[Fault], str]] = [
    *((400, {"error": word}, kind, text[:30]) for word, (kind, text) in OAUTH.items()),
    (400, {"error": "403", "error_description": "invalid_request"}, EmrDenied, "incomplete"),
    (400, {"error": "x", "error_description": "FHIR app authentication is not enabled"}, EmrSwitchedOff, "activated"),
    (403, {"issue": [{"diagnostics": "Operation not supported for the selected scope"}]}, EmrSwitchedOff, "build"),
    *((status, {}, kind, text[:30]) for status, (kind, text) in HTTP.items()),
    (418, {}, EmrRefused, "418"),
    (500, {}, EmrNonsense, "500"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), FAULTS)
def test_fault_table(status: int, body: Any, kind: type[Fault], words: str) -> None:
    fault = translator.fault(reply(body, status))
    assert type(fault) is kind
    assert words in str(fault)


@pytest.mark.parametrize(("date", "after"), [("Sun, 01 Mar 2026 12:00:45 GMT", 16), ("", 60), ("soon", 60)])
def test_the_block_ends_with_the_minute(date: str, after: float) -> None:
    fault = translator.fault(reply({}, 429, date=date))
    assert isinstance(fault, EmrBusy)
    assert fault.after == after
