"""Pulling: lists first, then the known patients with encounters and coverage in pages, then those nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.faults import EmrNonsense
from gateway.translation.contract import Linked, Pulled
from tests.translators.ecw.world import HOST, SYSTEM, World, account, reply
from translators.ecw import translator
from translators.ecw.newcomers import MISSED, REFUSED
from translators.ecw.pull import SPENT
from translators.ecw.run import CHARTS, Cursor, written
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import DOCTOR, MAIN, PATIENT

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
    assert {whole.lens.type: whole.gone for whole in charts[-1].wholes} == {
        "Coverage": {"status": "cancelled"}, "Encounter": {"status": "entered-in-error"}
    }  # fmt: skip


async def test_no_undeclared_parameter_is_ever_sent() -> None:
    world = World()
    await world.pull(KNOWN)
    assert {path for method, path in world.calls if "?" in path} == {
        f"/Coverage?patient={PATIENT}", f"/Encounter?patient={PATIENT}", "/Encounter?date=ge2026-01-30"
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
    assert len((await world.run(flow)).charts) == CHARTS, "another run starts anew"


async def test_lists_of_several_pages() -> None:
    world = World()
    locations = world.sandbox.state["documents"]["Location"]
    for number in range(40):
        locations[f"L{number}"] = {"resourceType": "Location", "id": f"L{number}", "status": "active", "name": "x"}
    charts = await world.pull([], frozenset({"Location"}))
    (chart,) = charts
    assert len({part.key for part in chart.parts}) == 42
    assert chart.whole is not None
    assert (chart.whole.lens.type, chart.whole.gone) == ("Location", {"status": "inactive"})


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


def test_a_list_that_leads_in_a_circle_is_not_whole() -> None:
    flow = translator.pull(account(), None, [], World().moment(), frozenset({"Location"}))
    next(flow)
    first = {"resourceType": "Location", "id": "L1", "status": "active"}
    (call,) = flow.send((_bundle([first], "?page=2"),))
    assert call.query == (("page", "2"),)
    with pytest.raises(StopIteration) as stop:
        flow.send((_bundle([first | {"id": "L2"}], "?page=2"),))
    (listed,) = stop.value.value.charts
    assert ([part.key for part in listed.parts], listed.whole) == (["L1", "L2"], None)


def test_an_empty_list_closes_nothing() -> None:
    flow = translator.pull(account(), None, [], World().moment(), frozenset({"Practitioner"}))
    next(flow)
    with pytest.raises(StopIteration) as stop:
        flow.send((_bundle([]),))
    assert stop.value.value.charts == ()


async def test_modules_are_what_a_pull_brings() -> None:
    world = World(account({"modules": "Patient Location"}))
    charts = await world.pull(KNOWN)
    assert [part.lens.type for chart in charts for part in chart.parts] == ["Location", "Location", "Patient"]
    assert {path.partition("?")[0] for _, path in world.calls if "well-known" not in path and "oauth" not in path} == {
        "/Location", f"/Patient/{PATIENT}"
    }  # fmt: skip


async def test_one_run_costs_no_more_than_its_share_and_the_oldest_readings_come_first() -> None:
    # 250 calls a minute, of which one in a hundred for three minutes: seven calls, three of them for the lists.
    world = World(account({"pull_share": "1", "poll_minutes": "3"}))
    ids = (await world.staff("populate", patients=4))["patients"]
    known = [
        Linked(f"local-{n}", id, looked=looked) for n, (id, looked) in enumerate(zip(ids, (9, 0, 5, 7), strict=True))
    ]
    page, notes, seen = await _run(world, None, known)
    assert ([chart.patient_key for chart in seen], notes) == ([ids[1]], [SPENT])
    known[1] = Linked("local-1", ids[1], looked=10)
    _, _, seen = await _run(world, page, known)
    assert [chart.patient_key for chart in seen] == [ids[2]]
    generous = World(account({"pull_share": "100", "poll_minutes": "3", "new_days": "0"}))
    generous.sandbox.state["documents"] = world.sandbox.state["documents"]
    _, notes, seen = await _run(generous, page, known)
    assert ([chart.patient_key for chart in seen], notes) == ([ids[2], ids[3], ids[0], ids[1]], [])


def test_a_chart_that_cannot_be_told_stops_no_other() -> None:
    known = [Linked("a", "A"), Linked("b", "K")]
    flow = translator.pull(account(), None, known, World().moment(), frozenset({"Patient"}))
    next(flow)
    flow.throw(EmrNonsense("status 500"))
    with pytest.raises(StopIteration) as stop:
        flow.send((PATIENT_REPLY,))
    odd, fine = stop.value.value.charts
    assert (odd.patient_key, odd.parts, odd.incomplete) == ("A", (), ("a readable chart (status 500)",))
    assert (fine.patient_key, len(fine.parts)) == ("K", 1)
    flow = translator.pull(account(), None, known, World().moment(), frozenset({"Patient"}))
    next(flow)
    flow.throw(EmrNonsense("a web page"))
    with pytest.raises(EmrNonsense, match="a web page"):
        flow.throw(EmrNonsense("a web page"))


@pytest.mark.parametrize("calls", [0, 3])
def test_the_one_chart_of_a_page_is_at_fault_where_the_lists_were_told(calls: int) -> None:
    moment = World().moment()
    place = Cursor(run=int(moment.now.timestamp() * 1_000_000), stage="known", calls=calls)
    flow = translator.pull(account({"new_days": "0"}), written(place), [Linked("a", "A")], moment, frozenset())
    next(flow)
    with pytest.raises(StopIteration if calls else EmrNonsense):
        flow.throw(EmrNonsense("status 500"))


async def test_pages_are_so_far_apart_that_others_find_their_share_of_the_minute() -> None:
    world = World(account({"pull_share": "20", "new_days": "0"}))  # 50 calls a minute
    ids = (await world.staff("populate", patients=2 * CHARTS))["patients"]
    known = [Linked(id, id) for id in ids]
    moment, cursor, waits, more = world.moment(), None, list[float](), True
    began = world.now
    while more:
        page = await world.run(translator.pull(world.account, cursor, known, moment, frozenset()))
        waits.append(page.wait)
        world.pass_time(page.wait)
        cursor, more = page.cursor, page.more
    calls = 3 + 2 * CHARTS * 3
    assert waits == [0.0, 0.0, 0.0, pytest.approx((calls - 75) / 50 * 60 - 30), 0.0]
    assert calls - 75 <= 50 * ((world.now - began).total_seconds() + 30) / 60


async def test_a_run_that_was_cut_off_goes_on_and_another_one_does_not() -> None:
    world = World()
    await world.staff("populate", patients=CHARTS + 1)
    known = [Linked(id, id) for id in sorted(world.patients)]
    page = None
    for _ in range(4):
        page = await world.run(
            translator.pull(world.account, page.cursor if page else None, known, world.moment(), frozenset())
        )
    assert page is not None
    assert [chart.patient_key for chart in page.charts] == [link.external_id for link in known[:CHARTS]]
    rest = await world.run(translator.pull(world.account, page.cursor, known, world.moment(), frozenset()))
    assert [chart.patient_key for chart in rest.charts] == [link.external_id for link in known[CHARTS:]]
    world.pass_time(60)
    other = await world.run(translator.pull(world.account, page.cursor, known, world.moment(), frozenset()))
    assert other.charts[0].parts[0].lens.type == "Organization"


async def _run(world: World, cursor: str | None, known: list[Linked]) -> tuple[str | None, list[str], list[Pulled]]:
    """A whole run: its cursor, its notes and its charts."""
    notes: list[str] = []
    charts: list[Pulled] = []
    world.pass_time(60)
    while True:
        page = await world.run(translator.pull(world.account, cursor, known, world.moment(), frozenset()))
        notes += page.notes
        charts += [chart for chart in page.charts if chart.patient_key]
        cursor = page.cursor
        if not page.more:
            return cursor, notes, charts


async def test_whom_nobody_knows_is_found_by_the_day_of_an_encounter() -> None:
    world = World()
    (new,) = (await world.staff("populate", patients=1, date="2026-02-20"))["patients"]
    (old,) = (await world.staff("populate", patients=1, date="2025-02-20"))["patients"]
    cursor, notes, seen = await _run(world, None, [])
    assert ([chart.patient_key for chart in seen], notes) == ([PATIENT, new], [])
    assert [part.lens.type for part in seen[1].parts] == ["Patient", "Coverage", "Encounter"]
    known = [Linked("a", PATIENT), Linked("b", new)]
    world.pass_time(86_400)
    world.calls.clear()
    _, _, seen = await _run(world, cursor, known)
    assert [chart.patient_key for chart in seen] == sorted([PATIENT, new]), "known ones are read once"
    assert "/Encounter?date=ge2026-02-28" in {path for _, path in world.calls}
    assert old not in {chart.patient_key for chart in seen}


def test_a_newcomer_who_cannot_be_told_is_searched_for_again() -> None:
    settings, moment = {"modules": "Patient Encounter"}, World().moment()
    flow = translator.pull(account(settings), None, [], moment, frozenset())
    next(flow)
    flow.send((_bundle([_encounter("E1")]),))
    with pytest.raises(StopIteration) as stop:
        flow.throw(EmrNonsense("status 500"))
    page = stop.value.value
    assert (page.charts, page.more, page.notes) == ((), False, (MISSED,))
    (call,) = next(translator.pull(account(settings), page.cursor, [], moment, frozenset()))
    assert call.query == (("date", "ge2026-01-30"),)


async def test_our_own_id_of_a_create_whose_answer_was_lost_is_recognised() -> None:
    world = World()
    _, _, (seen,) = await _run(world, None, [])
    assert (seen.patient_key, seen.local_id) == (PATIENT, "walk-in-1")
    assert (await _run(World(account({"assigner_oid": ""})), None, []))[2][0].local_id is None


@pytest.mark.parametrize("settings", [{"new_days": "0"}, {"modules": "Patient Coverage"}, {"modules": "Encounter"}])
async def test_nobody_is_searched_for_where_it_is_not_wanted(settings: dict[str, str]) -> None:
    assert (await _run(World(account(settings)), None, []))[2] == []


def test_a_practice_that_searches_no_days_is_told_once_and_stops_nothing() -> None:
    flow = translator.pull(account({"modules": "Patient Encounter"}), None, [], World().moment(), frozenset())
    (call,) = next(flow)
    assert call.query == (("date", "ge2026-01-30"),)
    with pytest.raises(StopIteration) as stop:
        flow.send((reply({"resourceType": "OperationOutcome"}, 400),))
    assert (stop.value.value.charts, stop.value.value.more, stop.value.value.notes) == ((), False, (REFUSED,))


async def test_programs_are_in_the_words_of_the_crm() -> None:
    async def service(**mappings: dict[str, str]) -> Any:
        (chart,) = await World(account(None, **mappings)).pull(KNOWN, frozenset({"Encounter"}))
        part = chart.parts[1]
        return part.lens.to_fhir(part.record).value["serviceType"]

    theirs = await service()
    assert theirs["text"] == "Intensive outpatient"
    for word in ("IOP", "Intensive outpatient"):
        assert await service(program={"Day program": word}) == {**theirs, "text": "Day program"}
    assert await service(program={"Day program": "PHP"}) == theirs


async def test_a_reading_tells_when_eclinicalworks_was_asked() -> None:
    world = World()
    (chart,) = await world.pull(KNOWN, frozenset({"Patient"}))
    assert chart.asked == world.now


async def test_a_practitioner_who_left_is_in_no_list_any_more() -> None:
    world = World()
    await world.staff("remove", type="Practitioner", id=DOCTOR)
    await world.staff("change", type="Practitioner", id="D2", active=True)
    (listed,) = await world.pull([], frozenset({"Practitioner"}))
    assert ([part.key for part in listed.parts], listed.whole and listed.whole.gone) == (["D2"], {"active": False})


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
    assert chart.wholes == (), "what the circle holds back is not gone"
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
