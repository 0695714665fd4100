"""The operator's first hour: what goes wrong is said in words, in the test of a connection and in pushes and pulls."""

from __future__ import annotations

import httpx
import pytest

from gateway.faults import EmrDenied, EmrNonsense, EmrRefused, EmrSwitchedOff, Misconfigured
from gateway.translation.contract import Call, Linked, Reply
from tests.translators.kipu.desk import Desk, account
from tests.translators.kipu.people import chart
from translators.kipu import translator
from translators.kipu.diagnosis import written
from translators.kipu.system import NotTaken

NEW = Linked("p-1")
FINE = "KIPU answers; the instance has 2 locations"


async def outcome(desk: Desk) -> str:
    return await desk.run(translator.test(desk.account, desk.moment))


@pytest.mark.parametrize("version", ["3", "4"])
async def test_the_connection_is_tested_with_either_version(version: str) -> None:
    assert await outcome(Desk(account(api_version=version))) == FINE


@pytest.mark.parametrize("wrong", ["secret_key", "access_id"])
async def test_a_wrong_secret(wrong: str) -> None:
    desk = Desk(options={wrong: "another"})
    for flow in (translator.test(desk.account, desk.moment), translator.push(desk.account, chart(), NEW, desk.moment)):
        with pytest.raises(EmrDenied, match="secret_key or access_id is wrong"):
            await desk.run(flow)


async def test_a_wrong_app_id() -> None:
    desk = Desk(options={"app_id": "another-app"})
    with pytest.raises(EmrDenied, match="must belong to one KIPU API client"):
        await outcome(desk)
    with pytest.raises(EmrDenied, match="must belong to one KIPU API client"):
        await desk.push(chart(), NEW)
    with pytest.raises(EmrDenied, match="must belong to one KIPU API client"):
        await desk.pull()


async def test_a_clock_that_is_off() -> None:
    desk = Desk()
    desk.sandbox.switch(["other-clock"])
    with pytest.raises(EmrDenied, match=r"clock is 40 minutes behind KIPU's\. Set the clock"):
        await outcome(desk)
    with pytest.raises(EmrDenied, match="clock is 40 minutes behind"):
        await desk.push(chart(), NEW)


async def test_missing_rights_to_phi() -> None:
    desk = Desk()
    desk.sandbox.switch(["low-phi"])
    for flow in (outcome(desk), desk.push(chart(), NEW), desk.pull()):
        with pytest.raises(EmrDenied, match="lacks the right to it"):
            await flow
    assert desk.of("Test2") == []


async def test_a_location_that_is_not_there_before_anything_is_sent() -> None:
    with pytest.raises(Misconfigured, match="location_id: KIPU has no location 9; it has 2 Harbor House, 3 River"):
        await outcome(Desk(account(location_id="9")))
    with pytest.raises(Misconfigured, match="mapping location: KIPU has no location 7"):
        await outcome(Desk(account({"location": {"The River": "7"}})))


async def test_a_location_that_is_not_there_in_a_push_is_corrected_and_goes() -> None:
    desk = Desk(account(location_id="9"))
    with pytest.raises(
        EmrRefused, match="KIPU has no location 9; it has 2 Harbor House, 3 River House: give"
    ) as caught:
        await desk.push(chart(), NEW)
    assert caught.value.issues[0].expression == ("Encounter.location",)
    desk.account = account()
    assert (await desk.push(chart(), NEW)).external_id == desk.of("Test2")[0]["casefile_id"]


def test_another_rule_of_kipu_s_is_not_blamed_on_the_location() -> None:
    flow = written(account(), Call("POST", "/api/patients"), {"location_id": 2})
    next(flow)
    flow.throw(NotTaken("KIPU refuses this record"))
    with pytest.raises(NotTaken, match="refuses this record"):
        flow.send((Reply(200, {}, b'{"locations":[{"location_id":2,"location_name":"Harbor House"}]}'),))


async def test_what_answers_is_not_kipu() -> None:
    desk = Desk()
    desk.sandbox.switch(["nonsense"])
    with pytest.raises(EmrNonsense, match=r"is not KIPU's API.*check base_url"):
        await outcome(desk)
    desk.client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(404)), base_url="http://x"
    )
    with pytest.raises(EmrRefused, match=r"is not KIPU's API.*check base_url, and api_version"):
        await outcome(desk)


async def test_a_poll_that_is_switched_off() -> None:
    desk = Desk()
    _, cursor = await desk.pull()
    desk.sandbox.switch(["switched-off"])
    with pytest.raises(EmrSwitchedOff, match="switched off for this instance"):
        await desk.pull(cursor)
