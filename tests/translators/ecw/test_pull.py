"""Pulling: lists first, then every known patient with encounters and coverage, in pages."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.faults import EmrNonsense
from gateway.translation.contract import Linked
from tests.translators.ecw.world import HOST, SYSTEM, World, account, reply
from translators.ecw import translator
from translators.ecw.pull import CHARTS
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import MAIN, PATIENT

KNOWN = [Linked("local-1", PATIENT)]


async def test_everything() -> None:
    world = World()
    charts = await world.pull(KNOWN)
    assert [part.lens.type for chart in charts for part in chart.parts] == [
        "Organization", "Organization", "Location", "Location", "Practitioner", "Patient", "Coverage", "Encounter",
    ]  # fmt: skip
    assert [chart.patient_key for chart in charts] == [None, None, None, PATIENT]
    assert charts[-1].local_id == "local-1"
    patient, coverage, encounter = (part.lens.to_fhir(part.record).value for part in charts[-1].parts)
    assert {"system": SYSTEM, "value": PATIENT} in patient["identifier"]
    assert coverage["beneficiary"] == {"reference": f"emr:Patient/{PATIENT}"}
    assert encounter["location"][0]["location"]["reference"] == f"emr:Location/{MAIN}"
    assert charts[-1].parts[1].match == ("subscriberId",)


async def test_no_undeclared_parameter_is_ever_sent() -> None:
    world = World()
    await world.pull(KNOWN)
    assert {path for method, path in world.calls if "?" in path} == {
        f"/Coverage?patient={PATIENT}", f"/Encounter?patient={PATIENT}"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ({"Location"}, ["Location", "Location"]),
        ({"Patient"}, ["Patient"]),
        ({"Encounter"}, ["Patient", "Encounter"]),
        ({"Practitioner", "Coverage"}, ["Practitioner", "Patient", "Coverage"]),
        ({"Slot"}, []),
    ],
)
async def test_only_what_is_asked_for(types: set[str], expected: list[str]) -> None:
    charts = await World().pull(KNOWN, frozenset(types))
    assert [part.lens.type for chart in charts for part in chart.parts] == expected


async def test_pages_of_known_patients_reach_everyone_once() -> None:
    world = World()
    keys = [PATIENT]
    for number in range(CHARTS + 1):
        copy = {**world.patients[PATIENT], "id": f"FFBJCD.{number:03}"}
        world.patients[copy["id"]] = copy
        keys.append(copy["id"])
    known = [Linked(f"local-{key}", key) for key in keys]
    seen: list[str | None] = []
    cursor: str | None = None
    sizes: list[int] = []
    for _ in range(2):
        flow = translator.pull(world.account, cursor, list(reversed(known)), world.moment(), frozenset({"Patient"}))
        page = await world.run(flow)
        seen += [chart.patient_key for chart in page.charts]
        cursor, sizes = page.cursor, [*sizes, len(page.charts)]
    assert (sizes, page.more, page.total) == ([CHARTS, 2], False, len(known))
    assert sorted(key for key in seen if key) == sorted(keys)
    flow = translator.pull(world.account, cursor, known, world.moment(), frozenset({"Patient"}))
    assert len((await world.run(flow)).charts) == CHARTS, "a finished round starts anew"


async def test_lists_of_several_pages() -> None:
    world = World()
    locations = world.sandbox.state["documents"]["Location"]
    for number in range(40):
        locations[f"L{number}"] = {"resourceType": "Location", "id": f"L{number}", "status": "active", "name": "x"}
    charts = await world.pull([], frozenset({"Location"}))
    assert len({part.key for chart in charts for part in chart.parts}) == 42
    assert len(charts) == 3


async def test_a_patient_who_is_gone_is_told() -> None:
    world = World()
    charts = await world.pull([Linked("local-9", "FFBJCD.gone"), *KNOWN], frozenset({"Patient"}))
    gone = next(chart for chart in charts if chart.patient_key == "FFBJCD.gone")
    assert (gone.parts, len(gone.incomplete)) == ((), 1)
    assert len(charts) == 2


async def test_staff_changes_are_news() -> None:
    world = World()
    (before,) = await world.pull(KNOWN, frozenset({"Patient"}))
    local = before.parts[0].lens.to_fhir(before.parts[0].record).value | {"language": "en"}
    await world.staff("patient", id=PATIENT, gender="other")
    await world.staff("encounter", patient=PATIENT, status="finished")
    await world.staff("coverage", patient=PATIENT, subscriberId="MEM-2")
    (after,) = await world.pull(KNOWN, frozenset({"Patient", "Encounter", "Coverage"}))
    part = after.parts[0]
    merged = part.lens.absorb(part.record, local, before.parts[0].record).value
    assert merged == local | {"gender": "other"}
    assert len(after.parts) == 5


PATIENT_REPLY = reply(
    {"resourceType": "Patient", "id": "K", "communication": [{"language": {"coding": [{"code": "ENG"}]}}]}
)


def _bundle(entries: list[dict[str, Any]], following: str | None = None) -> Any:
    links = [{"relation": "next", "url": following}] if following else []
    return reply({"resourceType": "Bundle", "link": links, "entry": [{"resource": entry} for entry in entries]})


def _encounter(id: str) -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": id, "subject": {"reference": f"{HOST}{BASE}/Patient/K"}}


def test_repeated_next_links_outcomes_and_whole_urls() -> None:
    """By send: the next link leads to another host and back to itself; only its query is used, and only once."""
    world = World()
    flow = translator.pull(account(), None, [Linked("l", "K")], world.moment(), frozenset({"Encounter"}))
    calls = next(flow)
    assert [call.path for call in calls] == ["/Patient/K", "/Encounter"]
    evil = "https://evil.example/x?patient=K&page=2"
    (call,) = flow.send((PATIENT_REPLY, _bundle([_encounter("E1"), {"resourceType": "OperationOutcome"}], evil)))
    assert (call.path, call.query) == ("/Encounter", (("patient", "K"), ("page", "2")))
    with pytest.raises(StopIteration) as stop:
        flow.send((_bundle([_encounter("E1"), _encounter("E2")], evil),))
    (chart,) = stop.value.value.charts
    assert [part.key for part in chart.parts] == ["K", "E1", "E2"]
    assert chart.parts[1].record["subject"] == {"reference": "Patient/K"}
    assert chart.parts[0].record["communication"][0]["language"]["coding"] == [{"code": "en"}]


STRANGE: list[Any] = [
    {"resourceType": "Patient", "id": "other"},
    {"resourceType": "Patient", "id": "K", "name": "Rowan"},
    {"resourceType": "Patient", "id": "K", "identifier": [1]},
    {"resourceType": "OperationOutcome"},
    [],
]


@pytest.mark.parametrize("body", STRANGE)
def test_another_patient_is_never_taken(body: Any) -> None:
    flow = translator.pull(account(), None, [Linked("l", "K")], World().moment(), frozenset({"Patient"}))
    next(flow)
    with pytest.raises(EmrNonsense):
        flow.send((reply(body),))


@pytest.mark.parametrize("cursor", ["", "nonsense", '{"list":"Nothing"}', "[]"])
async def test_a_strange_cursor_begins_anew(cursor: str) -> None:
    world = World()
    page = await world.run(translator.pull(world.account, cursor, KNOWN, world.moment(), frozenset()))
    assert page.charts[0].parts[0].lens.type == "Organization"
