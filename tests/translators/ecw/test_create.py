"""Creating in the sandbox: one patient, whatever is lost, refused or shown late."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from gateway.faults import EmrBusy, EmrNonsense, EmrRefused, EmrUnreachable
from gateway.translation.contract import Linked
from tests.translators.ecw.world import PATIENT, Crashed, Once, World, cut_after
from translators.ecw.guide import CODES
from translators.ecw.lookup import SETTLES
from translators.ecw.sandbox_data import PATIENT as WALKER
from translators.ecw.update import REPLICATION

NEW = Linked("local-1")
NAMESAKE = {**PATIENT, "name": [{"family": "WALKER", "given": ["Ines"]}], "birthDate": "1984-09-30"}


@pytest.fixture
def world() -> World:
    return World()


def made(world: World) -> list[str]:
    return [key for key in world.patients if key != WALKER]


@pytest.mark.parametrize("step", [1, 2])
async def test_a_crash_after_any_step_makes_no_second_patient(world: World, step: int) -> None:
    with suppress(Crashed):
        await world.push(PATIENT, NEW, cut_after(step))
    pushed = await world.push(PATIENT, NEW)
    assert made(world) == [pushed.external_id]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("drop-after-commit", EmrUnreachable),
        ("empty-answer", EmrNonsense),
        ("outcome-answer", EmrNonsense),
    ],
)
async def test_a_lost_answer_is_waited_for_and_nothing_goes_out_twice(
    world: World, fault: str, kind: type[Exception]
) -> None:
    """Even if eCW did not know a second create for one: within the time that it is blind none is sent."""
    world.sandbox.switch([fault, "slow-replication"])
    with pytest.raises(kind):
        await world.push(PATIENT, NEW)
    world.sandbox.switch([])
    world.pass_time(1)
    with pytest.raises(EmrBusy, match="looked for again") as busy:
        await world.push(PATIENT, NEW)
    assert (busy.value.after, world.writes()) == (SETTLES, 1)
    world.pass_time(REPLICATION)
    pushed = await world.push(PATIENT, NEW)
    assert (made(world), world.writes()) == ([pushed.external_id], 1)


async def test_what_never_arrived_goes_out_again_when_ecw_must_show_it(world: World) -> None:
    world.sandbox.switch(["bad-gateway-for-writes"])
    with pytest.raises(EmrUnreachable):
        await world.push(PATIENT, NEW)
    world.sandbox.switch([])
    world.pass_time(SETTLES - 1)
    with pytest.raises(EmrBusy):
        await world.push(PATIENT, NEW)
    assert made(world) == []
    world.pass_time(1)
    pushed = await world.push(PATIENT, NEW)
    assert made(world) == [pushed.external_id]


async def test_a_refusal_keeps_nothing_waiting(world: World) -> None:
    await world.staff("refuse", code=119)
    with pytest.raises(EmrRefused, match=r"119 INVALID_PATIENT_DOB \(Patient.birthDate\)"):
        await world.push(PATIENT, NEW)
    pushed = await world.push(PATIENT, NEW)
    assert made(world) == [pushed.external_id]


async def test_words_of_success(world: World) -> None:
    world.sandbox.switch(["worded-success"])
    pushed = await world.push(PATIENT, NEW)
    changed = await world.push({**PATIENT, "gender": "other"}, Linked("local-1", pushed.external_id, pushed.record))
    assert made(world) == [pushed.external_id] == [changed.external_id]


@pytest.mark.parametrize("code", [200, 201, 204, 299])
async def test_bare_numbers_that_look_like_success_are_none(world: World, code: int) -> None:
    await world.staff("refuse", code=code)
    with pytest.raises(EmrRefused, match=str(code)):
        await world.push(PATIENT, NEW)
    assert made(world) == []


async def test_202_that_is_not_shown_yet_is_looked_for_again(world: World) -> None:
    await world.staff("refuse", code=202)
    with pytest.raises(EmrBusy, match="202 INVALID_PATIENT_ALREADY_EXIST") as busy:
        await world.push(PATIENT, NEW)
    assert busy.value.after == SETTLES


async def test_a_patient_who_is_another_one_here_is_not_written_to(world: World) -> None:
    class Anothers(Once):
        async def adopt(self, key: str) -> None:
            raise EmrRefused(f"{key} is another patient's")

    world.delivery, before = Anothers(lambda: world.now), dict(world.patients[WALKER])
    with pytest.raises(EmrRefused, match=f"{WALKER} is another"):
        await world.push(NAMESAKE, NEW)
    assert world.patients == {WALKER: before}


async def test_several_that_fit_are_a_question(world: World) -> None:
    world.patients["FFBJCD.twin"] = {**world.patients[WALKER], "id": "FFBJCD.twin"}
    pushed = await world.push(NAMESAKE, NEW)
    assert pushed.external_id is None
    assert {candidate.key for candidate in pushed.candidates} == {WALKER, "FFBJCD.twin"}
    assert all(candidate.is_new for candidate in pushed.candidates), "a person is asked at once"
    assert "201 INVALID_MULTIPLE_PATIENT_FOUND" in pushed.detail
    assert world.writes() == 1


async def test_an_id_that_is_not_told_is_looked_for_and_nothing_is_sent(world: World) -> None:
    world.sandbox.switch(["silent-id", "slow-replication"])
    pushed = await world.push(PATIENT, NEW)
    assert (pushed.external_id, pushed.awaited) == (None, True)
    waiting = Linked("local-1", None, pushed.record)
    again = await world.push(PATIENT, waiting)
    assert (again.external_id, again.awaited, again.record) == (None, True, pushed.record)
    world.pass_time(REPLICATION)
    found = await world.push(PATIENT, waiting)
    assert made(world) == [found.external_id]
    assert world.writes() == 1, "what stands there is what was sent"


@pytest.mark.parametrize("times", [1, 2])
async def test_what_its_own_processing_failed_on_is_tried_once_more(world: World, times: int) -> None:
    await world.staff("refuse", code=103, times=times)
    if times == 2:
        with pytest.raises(EmrRefused, match="103"):
            await world.push(PATIENT, NEW)
    else:
        await world.push(PATIENT, NEW)
    assert world.writes() == 2
    assert len(made(world)) == 2 - times


@pytest.mark.parametrize("code", sorted(CODES.keys() - {1, 201, 202}))
async def test_every_code_of_the_guide_is_told_with_its_place(code: int) -> None:
    world = REFUSING
    await world.staff("refuse", code=code, times=2)
    with pytest.raises(EmrRefused, match=f" {code} ") as refused:
        await world.push(PATIENT, NEW)
    world.sandbox.state["refusals"].clear()
    (issue,) = refused.value.issues
    found = CODES[code]
    assert found.name in issue.diagnostics
    assert found.mend in issue.diagnostics
    assert issue.expression == (found.place or "Patient",)
    assert not any(word in issue.diagnostics for word in ("Rowan", "Tester", "1990"))


REFUSING = World()
LONG = "x" * 2001


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"name": [{"family": "Te<ster", "given": ["R"]}]}, "Patient.name.family", "no < >"),
        ({"name": [{"family": "T", "given": ["R\u0007"]}]}, "Patient.name.given", "control"),
        ({"name": [{"family": LONG, "given": ["R"]}]}, "Patient.name.family", "2000"),
    ],
)
async def test_names_that_ecw_refuses_cost_no_call(
    world: World, change: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(EmrRefused, match=words) as refused:
        await world.push({**PATIENT, **change}, NEW)
    assert refused.value.issues[0].expression == (place,)
    assert world.calls == []


async def test_texts_that_ecw_refuses_are_left_out_and_named(world: World) -> None:
    address = {"use": "home", "line": ["1 ^ Elm"], "city": "Topeka", "state": "KS", "postalCode": "66601"}
    status = {"coding": [{"system": "x", "code": "M"}], "text": LONG}
    pushed = await world.push({**PATIENT, "address": [address], "maritalStatus": status}, NEW)
    assert [left.expression for left in pushed.left_out] == ["Patient.maritalStatus", "Patient.address[0]"]
    assert world.patients[pushed.external_id or ""].keys().isdisjoint({"address", "maritalStatus"})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"birthDate": "2090-01-01"}, 119),
        ({"maritalStatus": {"coding": [{"system": "urn:oid:1", "code": "M"}]}}, 102),
        ({"extension": [{"url": "http://eclinicalworks.com/unknown", "valueString": "x"}]}, 151),
    ],
)
async def test_rules_that_the_emr_itself_judges(world: World, change: dict[str, Any], code: int) -> None:
    with pytest.raises(EmrRefused, match=f" {code} "):
        await world.push({**PATIENT, **change}, NEW)
    assert made(world) == []
