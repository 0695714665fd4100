"""Authorization, the test flow, and the fault table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.faults import EmrBusy, EmrDenied, EmrFault, EmrRefused
from gateway.outcome import outcome_of
from gateway.translation.contract import Call, Moment, Reply
from tests.translators.internal.driving import START, World, account
from translators.internal import translator

MOMENT = Moment(START, "nonce")


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, headers, body)


def test_a_call_bears_the_token() -> None:
    call = Call("GET", "/api/v1/demo/patients")
    headers = translator.authorize(account(), call, call.path, b"", None, MOMENT)
    assert headers == {"Authorization": "Bearer sandbox-token"}
    open_call = Call("GET", "/", token=None)
    assert translator.authorize(account(), open_call, "/", b"", None, MOMENT) == {}
    assert translator.token(account(), "", MOMENT) is None


@pytest.mark.parametrize("status", [*range(300, 600), 100, 999])
def test_every_refusal_has_a_meaning_without_the_body(status: int) -> None:
    fault = translator.fault(reply(status, b'{"detail": "Idris Vane, born 1988"}'))
    assert isinstance(fault, EmrFault)
    assert "Vane" not in str(outcome_of(fault))
    assert outcome_of(fault)["issue"][0]["diagnostics"]


def test_what_is_worth_another_attempt() -> None:
    retried = {status for status in range(400, 600) if getattr(translator.fault(reply(status)), "retryable", False)}
    assert retried == {408, 429, *range(500, 600)}
    busy = translator.fault(Reply(429, {"retry-after": "30"}, b""))
    assert isinstance(busy, EmrBusy)
    assert busy.after == 30


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"detail": [{"loc": ["body", "email"], "msg": "bad: vane@", "input": "vane@"}]}', "email"),
        (b'{"detail": [{"loc": ["body", "Idris Vane"]}]}', None),
        (b'{"detail": "x"}', None),
        (b'[{"loc": 3}]', None),
        (b'{"detail": [{"loc": 3}, 7]}', None),
        (b"<html>", None),
    ],
)
def test_an_invalid_record_names_documented_fields_and_no_value(body: bytes, named: str | None) -> None:
    fault = translator.fault(reply(422, body))
    assert isinstance(fault, EmrRefused)
    assert ("correct email" in str(fault)) == (named == "email")
    assert "ane" not in str(fault)


async def test_the_connection_test_tells_what_is_wrong(world: World) -> None:
    assert "demo" in await world.run(translator.test(world.account, MOMENT))
    world.account = account(org_id="elsewhere")
    with pytest.raises(EmrRefused, match="org_id"):
        await world.run(translator.test(world.account, MOMENT))
    world.account = replace(account(), secrets={"token": "another"})
    with pytest.raises(EmrDenied, match="token"):
        await world.run(translator.test(world.account, MOMENT))
