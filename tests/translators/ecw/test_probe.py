"""Test Connection: each thing that keeps a connection from working is told apart, in words that say what to mend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.faults import EmrDenied, EmrSwitchedOff, EmrUnreachable, Fault, Misconfigured
from gateway.translation.contract import Flow, Moment
from tests.translators.ecw.world import HOST, World, account, reply
from translators.ecw import translator
from translators.ecw.denials import NotGranted, UnknownClient
from translators.ecw.sandbox_auth import FIXED_AUDIENCE

WRITE_ONLY = "system/Location.read system/Patient.read system/Patient.write"


async def told(world: World) -> str:
    return await world.run(translator.test(world.account, world.moment()))


async def test_a_connection_that_works() -> None:
    assert await told(World()) == "eClinicalWorks takes the key and grants reading and writing of patients."
    assert await told(World(account({"push": "false"}))) == "eClinicalWorks takes the key and grants reading."
    assert "writing" in await told(World(account({"group": "FFBJCD.g"})))
    assert "writing" in await told(World(account({"audience": FIXED_AUDIENCE}), ["fixed-audience"]))


async def test_a_kept_token_proves_nothing() -> None:
    world = World()
    await told(world)
    world.sandbox.switch(["jwks-not-listed"])
    with pytest.raises(UnknownClient):
        await told(world)


@pytest.mark.parametrize(
    ("faults", "settings", "kind", "words"),
    [
        (["jwks-not-listed"], {}, UnknownClient, ["client_id", "allow-listed", "/.well-known/jwks.json"]),
        (["scope-not-granted"], {}, NotGranted, ["Reading works", "grant for writing", "Patient.c", "It grants"]),
        (["not-activated"], {}, EmrSwitchedOff, ["not activated"]),
        (["discovery-missing"], {}, Misconfigured, ["token endpoint", "token_url"]),
        (["old-build"], {}, EmrSwitchedOff, ["build"]),
        (["fixed-audience"], {}, NotGranted, ["none of the scopes", "audience", f"{HOST}/oauth"]),
        (["clock-ahead"], {}, NotGranted, ["none of the scopes", "clock"]),
        (["from-abroad"], {}, EmrDenied, ["United States"]),
        (["down"], {}, EmrUnreachable, ["out of service"]),
        (["bad-gateway"], {}, EmrUnreachable, ["behind its gateway"]),
        (["nonsense"], {}, Misconfigured, ["practice code"]),
        ([], {"scope": "system/Location.read system/Patient.read"}, Misconfigured, ["Patient.c"]),
        ([], {"scope": WRITE_ONLY}, NotGranted, ["does not grant", "Patient.write"]),
        ([], {"scope": "system/Patient.read sytem/Patient.c"}, Misconfigured, ["sytem/Patient.c"]),
        ([], {"scope": "system/Patient.read system/Goal.cruds"}, NotGranted, ["It grants: system/Patient.read"]),
        ([], {"audience": "https://wrong.example"}, NotGranted, ["https://wrong.example"]),
    ],
)
async def test_what_keeps_it_from_working(
    faults: list[str], settings: dict[str, str], kind: type[Fault], words: list[str]
) -> None:
    world = World(account(settings), faults)
    with pytest.raises(kind) as refused:
        await told(world)
    assert type(refused.value) is kind
    assert all(word in str(refused.value) for word in words), str(refused.value)


@pytest.mark.parametrize(
    ("path", "words"),
    [("", "names no practice"), ("/fhir/r4", "names no practice"), ("/fhir/r4/XXXXXX", "no FHIR server of a practice")],
)
async def test_a_wrong_address(path: str, words: str) -> None:
    world = World()
    world.account = replace(world.account, base_url=HOST + path)
    with pytest.raises(Misconfigured, match=words):
        await told(world)


async def test_a_clock_that_is_wrong_is_told_with_its_error() -> None:
    world = World(account({"token_url": "https://auth.example/token"}))
    flow = translator.test(world.account, world.moment())
    next(flow)
    flow.send((reply({"resourceType": "CapabilityStatement"}, date="Sun, 01 Mar 2026 12:20:00 GMT"),))
    with pytest.raises(NotGranted, match="1200 seconds behind"):
        denied_throughout(flow)


def denied_throughout(flow: Flow[str]) -> None:
    """Each assertion is refused; none is sent twice."""
    while True:
        flow.throw(translator.fault(reply({"error": "invalid_grant"}, 400)))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (EmrUnreachable("The EMR did not answer in time (ReadTimeout)"), "in time.*United States"),
        (EmrUnreachable("There is no host x", unsent=True), "^There is no host x$"),
    ],
)
def test_a_server_that_hangs_or_is_not_there(fault: EmrUnreachable, words: str) -> None:
    flow = translator.test(account(), Moment(World().now, "n"))
    next(flow)
    with pytest.raises(EmrUnreachable, match=words):
        flow.throw(fault)
