"""KIPU's lists: each by itself, switched off, long, and in one with what charts say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from gateway.translation.contract import Reply
from tests.translators.kipu.desk import Desk, account
from tests.translators.kipu.pulls import charts
from translators.kipu.listings import whole
from translators.kipu.sandbox import SWITCHES


async def test_lists_alone_leave_the_cursor_where_it_is() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Housed")
    pages, cursor = await desk.pull('{"since":"2026-04-01T00:00:00+00:00"}', types=frozenset({"Location"}))
    (page,) = pages
    assert cursor == '{"since":"2026-04-01T00:00:00+00:00"}'
    (listed,) = page.charts
    assert listed.patient_key is None
    made = [part.lens.to_fhir(part.record).value for part in listed.parts]
    kinds = Counter(place["physicalType"]["coding"][0]["code"] for place in made)
    assert kinds == {"bd": 3, "bu": 1, "ro": 2, "si": 2}
    states = {place["name"]: place["operationalStatus"]["code"] for place in made if "operationalStatus" in place}
    assert states == {"A-101": "O", "A-102": "U", "B-201": "C"}
    sites = [part for part in listed.parts if part.key == "site:2"]
    assert sites[0].references == {"managingOrganization": "emr:Organization/facility:2"}


@pytest.mark.parametrize("fault", sorted(SWITCHES))
async def test_a_list_that_is_switched_off_is_told_and_stops_nothing(fault: str) -> None:
    desk = Desk()
    desk.sandbox.switch([fault])
    pages, cursor = await desk.pull()
    assert len({chart.patient_key for chart in charts(pages)}) == 2
    more, _ = await desk.pull(cursor)
    notes = {note.partition(" ")[0] for page in (*pages, *more) for note in page.notes}
    assert notes == {SWITCHES[fault]}


async def test_lists_are_not_gone_through_with_every_webhook() -> None:
    desk = Desk()
    _, cursor = await desk.pull()
    for minutes, asks in ((5, False), (6, True)):
        desk.now += timedelta(minutes=minutes)
        desk.calls.clear()
        _, cursor = await desk.pull(cursor)
        assert any(path == "/api/users" for _, path in desk.calls) is asks
    desk.calls.clear()
    await desk.pull(cursor, types=frozenset({"Practitioner"}))
    assert {path for _, path in desk.calls} == {"/api/users", "/api/providers"}


@pytest.mark.parametrize(
    ("type", "paths", "number"),
    [
        ("Location", {"/api/locations", "/api/patients/occupancy"}, 8),
        ("Practitioner", {"/api/users", "/api/providers"}, 3),
        ("PractitionerRole", {"/api/users", "/api/providers"}, 2),
        ("HealthcareService", {"/api/care_levels"}, 4),
        (
            "Organization",
            {"/api/locations", "/api/patients/occupancy", "/api/contacts/referrers", "/api/settings/payors"},
            6,
        ),
    ],
)
async def test_a_type_that_is_asked_for_comes_alone(type: str, paths: set[str], number: int) -> None:
    desk = Desk()
    pages, cursor = await desk.pull(types=frozenset({type}))
    assert {path for _, path in desk.calls} == paths
    parts = [part for page in pages for chart in page.charts for part in chart.parts]
    assert {part.lens.type for part in parts} == {type}
    assert len(parts) == number
    assert cursor is None


async def test_what_a_list_and_a_chart_say_of_one_party_has_one_key() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Sent", referrer_name="Harbor Recovery")
    pages, _ = await desk.pull()
    keys: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for one in (one for page in pages for one in page.charts):
        keys[one.patient_key is None] |= {(part.lens.type, part.key) for part in one.parts}
    assert keys[True] & keys[False] == {
        ("Organization", "referrer:Harbor Recovery"),
        ("Organization", "payer:Sandbox Mutual"),
        ("Organization", "facility:2"),
        ("Location", "site:2"),
        ("Location", "2:bu:Main Building"),
        ("Location", "2:ro:Main Building/102"),
        ("Location", "2:bd:Main Building/102/A-101"),
    }


async def test_long_lists_are_read_to_their_end_and_each_row_once() -> None:
    desk = Desk()
    desk.sandbox.state["referrers"] = [{"id": number, "name": f"R{number}"} for number in range(120)]
    pages, _ = await desk.pull(types=frozenset({"Organization"}))
    keys = [part.key for page in pages for one in page.charts for part in one.parts if part.key.startswith("referrer")]
    assert keys == [f"referrer:R{number}" for number in range(120)]


async def test_a_list_without_counts_that_repeats_its_end_is_left() -> None:
    rows = [{"id": number} for number in range(3)]
    flow = whole(account(), "/api/users", "users")
    next(flow)
    flow.send((Reply(200, {}, msgspec.json.encode({"users": rows[:2]})),))
    flow.send((Reply(200, {}, msgspec.json.encode({"users": rows[2:]})),))
    with pytest.raises(StopIteration) as done:
        flow.send((Reply(200, {}, msgspec.json.encode({"users": rows[2:]})),))
    assert done.value.value == rows


async def test_a_type_that_kipu_does_not_have_is_told() -> None:
    desk = Desk()
    pages, cursor = await desk.pull(types=frozenset({"Observation"}))
    assert (desk.calls, cursor, [page.charts for page in pages]) == ([], None, [()])
    assert (
        pages[0].notes[0].startswith("KIPU has no Observation to pull; it has Coverage, Encounter, HealthcareService")
    )
