"""Pulls: what comes back of a chart, windows and cursors, and that nothing is missed or made twice."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest

from gateway.faults import Misconfigured
from gateway.translation import path
from gateway.translation.contract import Linked, Pulled, PullPage, Reply
from tests.translators.kipu.desk import NOW, Desk, Lost, account
from tests.translators.kipu.people import chart
from translators.kipu import translator
from translators.kipu.cursor import Cursor
from translators.kipu.examples import IN_HOUSE
from translators.kipu.kinds import IGNORED
from translators.kipu.listings import whole
from translators.kipu.location import places
from translators.kipu.policies import is_told
from translators.kipu.sandbox import SWITCHES

PUBLISHED = {
    "first_name": "Test1",
    "last_name": "Test2",
    "gender": "Male",
    "dob": "2000-01-01",
    "address_street": "123 Oak St",
    "address_street2": "Unit B",
    "address_city": "Middletown",
    "state": "OH",
    "address_zip": "45044",
    "address_country": "United States",
    "email": "test1@example.org",
    "admission_date": "2025-04-28T07:00:00.000Z",
    "discharge_date": "",
    "discharge_or_transition_id": "4",
    "discharge_or_transition_name": "Outpatient Program",
    "discharge_type": "Planned",
    "discharge_type_code": "P01",
    "first_contact_name": "Dazos Main Line",
    "referrer_name": "Recovery in the Ocean",
    "mr_number": "DHR2025-63",
    "payment_method": "Insurance",
    "payment_method_category": "2",
    "created_at": "2025-04-23T18:56:17.866Z",
    "last_updated_at": "2025-04-23T18:57:13.721Z",
    "insurances": [{"member_id": "A123456789", "group_number": "GR987654321"}],
    "patient_contacts": [{"name": "Jane Doe", "relationship": "Mother", "phone": "555-123-4567"}],
    "phone": "+15133206417",
    "level_of_care": "Residential",
    "program": "Substance Use",
    "bed_name": "A-101",
    "room_name": "102",
    "building_name": "Main Building",
}
"""The CRM's published list of what it pulls back."""


def charts(pages: list[PullPage]) -> list[Pulled]:
    return [chart for page in pages for chart in page.charts if chart.patient_key]


async def _published() -> tuple[Desk, Pulled]:
    desk = Desk(account({"program": {"SUD": "Substance Use"}}))
    made = await desk.staff("admit", last_name="Test2")
    fields = {name: value for name, value in PUBLISHED.items() if not name.endswith("_at")}
    await desk.staff("chart", casefile_id=made["casefile_id"], fields=fields)
    pages, _ = await desk.pull()
    return desk, next(chart for chart in charts(pages) if chart.patient_key == made["casefile_id"])


async def test_everything_published_arrives() -> None:
    _, pulled = await _published()
    assert (pulled.incomplete, pulled.unaccounted) == ((), ())
    told = {part.lens.type: part.lens.to_fhir(part.record) for part in pulled.parts}
    assert all(carried.left_out == () for carried in told.values())
    patient, stay, policy = (told[type].value for type in ("Patient", "Encounter", "Coverage"))
    assert patient["name"] == [{"use": "official", "given": ["Test1"], "family": "Test2"}]
    assert (patient["gender"], patient["birthDate"]) == ("male", "2000-01-01")
    assert patient["address"][0] == {
        "use": "home",
        "line": ["123 Oak St", "Unit B"],
        "city": "Middletown",
        "state": "OH",
        "postalCode": "45044",
        "country": "US",
    }
    assert [t["value"] for t in patient["telecom"]] == ["+15133206417", "test1@example.org"]
    assert patient["contact"][0]["name"] == {"text": "Jane Doe"}
    assert patient["contact"][0]["relationship"][0]["coding"][0]["code"] == "MTH"
    assert "DHR2025-63" in [i["value"] for i in patient["identifier"]]
    assert stay["period"] == {"start": "2025-04-28T07:00:00.000Z"}
    assert (stay["status"], stay["class"]["code"]) == ("in-progress", "IMP")
    assert stay["type"] == [{"text": "Residential"}]
    assert stay["serviceType"] == {"text": "SUD"}
    assert stay["hospitalization"]["origin"]["display"] == "Recovery in the Ocean"
    assert stay["hospitalization"]["destination"]["display"] == "Outpatient Program"
    assert stay["hospitalization"]["destination"]["identifier"]["value"] == "4"
    assert stay["hospitalization"]["dischargeDisposition"]["text"] == "Planned"
    assert stay["hospitalization"]["dischargeDisposition"]["coding"][0]["code"] == "P01"
    assert [place["location"]["display"] for place in stay["location"]][:3] == ["Main Building", "102", "A-101"]
    assert [e["valueString"] for e in stay["extension"][0]["extension"]] == ["Insurance", "2"]
    assert policy["subscriberId"] == "A123456789"
    assert policy["class"][0]["value"] == "GR987654321"


def test_every_published_field_is_mapped_or_ignored_with_a_reason() -> None:
    (kind,) = (kind for kind in translator.kinds if kind.name == "patient")
    names = {path.expression(leaf).replace("[0]", "[]") for leaf, _ in path.leaves(PUBLISHED)}
    assert names <= kind.leaves
    assert names & set(IGNORED) == {
        "created_at",
        "last_updated_at",
        "insurances[].member_id",
        "insurances[].group_number",
        "patient_contacts[].name",
    }


async def test_parts_refer_to_each_other() -> None:
    desk, pulled = await _published()
    keys = {f"emr:{part.lens.type}/{part.key}" for part in pulled.parts}
    for part in pulled.parts:
        resource = part.lens.to_fhir(part.record).value
        for place, target in part.references.items():
            assert target in keys
            path.place(
                resource, (*path.parse(place),), {**(path.get(resource, path.parse(place)) or {}), "reference": target}
            )
    assert {part.lens.type for part in pulled.parts} == {"Patient", "Location", "Organization", "Encounter", "Coverage"}
    assert pulled.parts[0].lens.type == "Patient"
    stay = next(part for part in pulled.parts if part.lens.type == "Encounter")
    assert stay.key == desk.of("Test2")[0]["casefile_id"]
    bed = next(part for part in pulled.parts if part.key == "2:bd:Main Building/102/A-101")
    assert bed.references == {"partOf": "emr:Location/2:ro:Main Building/102"}


def test_places_from_the_outside_in() -> None:
    assert [(p.kind, p.key, p.within) for p in places(IN_HOUSE)] == [
        ("si", "site:2", None),
        ("bu", "2:bu:Main Building", "site:2"),
        ("ro", "2:ro:Main Building/102", "2:bu:Main Building"),
        ("bd", "2:bd:Main Building/102/A-101", "2:ro:Main Building/102"),
    ]


async def test_the_gate_names_what_is_missing() -> None:
    desk = Desk()
    pushed = await desk.push(chart(), Linked("p-1"))
    pages, _ = await desk.pull()
    pulled = next(chart for chart in charts(pages) if chart.patient_key == pushed.external_id)
    assert pulled.incomplete == ("MR number",)
    assert pulled.local_id == "p-1"
    made = await desk.staff("admit", last_name="Test2")
    assert made["mr_number"] == "DHR2026-63"
    pages, _ = await desk.pull()
    assert next(c for c in charts(pages) if c.patient_key == pushed.external_id).incomplete == ()


async def _many(desk: Desk, count: int) -> None:
    for number in range(count):
        await desk.staff("admit", last_name=f"Person{number:03d}")


def _linked(found: list[Pulled]) -> tuple[Linked, ...]:
    return tuple(Linked(f"p-{i}", c.patient_key, c.parts[0].record) for i, c in enumerate(found))


async def test_the_first_load_walks_the_census_and_later_ones_the_news() -> None:
    desk = Desk()
    await _many(desk, 60)
    pages, cursor = await desk.pull()
    found = {chart.patient_key for chart in charts(pages)}
    assert len(found) == 62  # two of the sandbox's own
    assert max(len(charts([page])) for page in pages) <= 50
    assert cursor is not None
    assert json.loads(cursor) == {"since": desk.now.isoformat(), "lists": desk.now.isoformat()}
    assert not any(path == "/api/patients/latest" for _, path in desk.calls)
    known = _linked(list({c.patient_key: c for c in charts(pages)}.values()))
    desk.now += timedelta(hours=1)
    await desk.staff("chart", last_name="Person007", fields={"email": "seven@example.org"})
    desk.calls.clear()
    pages, cursor = await desk.pull(cursor, known)
    assert [c.parts[0].record["email"] for c in charts(pages)] == ["seven@example.org"]
    assert not any(path == "/api/patients/census" for _, path in desk.calls)
    fresh = _linked(charts(pages))
    others = tuple(link for link in known if link.external_id != fresh[0].external_id)
    pages, _ = await desk.pull(cursor, (*others, *fresh))
    assert charts(pages) == []


async def test_a_row_that_moves_between_pages_is_not_missed() -> None:
    desk = Desk()
    await _many(desk, 55)
    first = await desk.run(translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"})))
    gone = charts([first])[0].patient_key
    del desk.charts[str(gone).partition(":")[0]]  # everything behind it moves one place up
    rest, _ = await desk.pull(first.cursor, _linked(charts([first])), frozenset({"Patient"}))
    found = {chart.patient_key for chart in charts([first, *rest])}
    assert found - {gone} == {chart["casefile_id"] for chart in desk.charts.values()}


async def test_the_second_walk_fetches_only_what_is_unknown() -> None:
    desk = Desk()
    await _many(desk, 3)
    first = await desk.run(translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"})))
    assert first.more
    desk.calls.clear()
    rest, _ = await desk.pull(first.cursor, _linked(charts([first])), frozenset({"Patient"}))
    assert charts(rest) == []
    assert desk.calls[0] == ("GET", "/api/patients/census")
    assert {path for _, path in desk.calls[1:]} == {"/api/patients/admissions"}


async def test_a_chart_that_vanishes_meanwhile_is_passed_over() -> None:
    desk = Desk()
    await _many(desk, 2)
    flow = translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"}))
    (call,) = next(flow)
    reply = await desk.send(call)
    desk.charts.popitem()
    details = flow.send((reply,))
    replies = tuple([await desk.send(call) for call in details])
    with pytest.raises(StopIteration) as done:
        flow.send(replies)
    assert len(charts([done.value.value])) == len(details) - 1


async def test_a_re_admission_is_a_second_stay_of_the_same_patient() -> None:
    desk = Desk()
    first = await desk.staff("admit", last_name="Twice", first_name="Ada")
    await desk.staff("discharge", last_name="Twice")
    second = await desk.staff("admit", last_name="Twice", first_name="Ada")
    assert first["casefile_id"] != second["casefile_id"]
    census = await desk.run(translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"})))
    (newest,) = [c for c in charts([census]) if c.parts[0].record["last_name"] == "Twice"]
    assert newest.patient_key == second["casefile_id"]
    link = Linked("p-9", newest.patient_key, newest.parts[0].record)
    pages, cursor = await desk.pull(census.cursor, (link,), frozenset({"Patient"}))
    (earlier,) = [c for c in charts(pages) if c.parts[0].record["last_name"] == "Twice"]
    assert earlier.patient_key == second["casefile_id"]
    stays = [part for c in (newest, earlier) for part in c.parts if part.lens.type == "Encounter"]
    assert [part.key for part in stays] == [second["casefile_id"], first["casefile_id"]]
    assert earlier.parts[0].record == link.record
    await desk.staff("chart", mr_number=first["mr_number"], fields={"email": "old@example.org"})
    pages, _ = await desk.pull(cursor, (link,))
    late = next(
        c for c in charts(pages) if any(p.key == first["casefile_id"] and p.lens.type == "Encounter" for p in c.parts)
    )
    assert late.parts[0].record == link.record  # the earlier stay tells nothing new of the person


async def test_what_kipu_never_shows_is_remembered() -> None:
    desk = Desk()
    pushed = await desk.push(chart(), Linked("p-1"))
    link = Linked("p-1", pushed.external_id, pushed.record)
    await desk.staff("admit", last_name="Test2")
    pages, _ = await desk.pull(None, (link,))
    pulled = next(c for c in charts(pages) if c.patient_key == pushed.external_id)
    patient = chart().patient
    absorbed = pulled.parts[0].lens.absorb(pulled.parts[0].record, patient, link.record).value
    assert absorbed["maritalStatus"] == patient["maritalStatus"]
    assert absorbed["telecom"] == patient["telecom"]


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


async def test_the_window_holds_every_zone() -> None:
    desk = Desk()
    cursor = json.dumps({"since": "2026-04-10T00:30:00+00:00"})
    (call,) = next(translator.pull(desk.account, cursor, (), desk.moment, frozenset({"Patient"})))
    assert {"start_date": "2026-04-09", "end_date": "2026-04-17", "phi_level": "low"}.items() <= dict(
        call.query
    ).items()


async def test_who_is_not_in_the_census_any_more_comes_by_the_admissions() -> None:
    desk = Desk(account(history_days="60"))
    for number, ago in enumerate((3, 40, 59, 80)):
        day = f"{desk.now - timedelta(days=ago):%Y-%m-%d} 00:00:00"
        await desk.staff("admit", last_name=f"Left{number}", admission_date=day)
        await desk.staff("discharge", last_name=f"Left{number}")
    pages, _ = await desk.pull(types=frozenset({"Patient"}))
    found = {chart.parts[0].record["last_name"] for chart in charts(pages)}
    assert {name for name in found if name.startswith("Left")} == {"Left0", "Left1", "Left2"}
    asked = [path for _, path in desk.calls if path == "/api/patients/admissions"]
    assert len(asked) == 3
    assert pages[-1].total == sum(page.gone or 0 for page in pages)


async def test_no_history_is_the_census_alone() -> None:
    desk = Desk(account(history_days="0"))
    await desk.pull(types=frozenset({"Patient"}))
    assert not any(path == "/api/patients/admissions" for _, path in desk.calls)
    with pytest.raises(Misconfigured, match="history_days"):
        await Desk(account(history_days="a year")).pull(types=frozenset({"Patient"}))


async def _since_an_hour(desk: Desk) -> tuple[str | None, tuple[Linked, ...]]:
    """A first load is over, an hour ago."""
    pages, cursor = await desk.pull()
    desk.now += timedelta(hours=1)
    desk.calls.clear()
    return cursor, _linked(list({c.patient_key: c for c in charts(pages)}.values()))


async def test_a_changed_policy_has_its_patient_fetched_again() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Insured")
    cursor, known = await _since_an_hour(desk)
    (policy,) = desk.of("Insured")[0]["insurances"]
    policy |= {"group_ID": "NEW-1", "_changed": f"{desk.now:%Y-%m-%dT%H:%M:%S}.000Z"}  # the chart's own time stays
    pages, cursor = await desk.pull(cursor, known)
    (again,) = charts(pages)
    assert again.parts[0].record["insurances"][0]["group_ID"] == "NEW-1"
    assert sum(path.startswith("/api/patients/10") for _, path in desk.calls) == 1
    others = tuple(link for link in known if link.external_id != again.patient_key)
    pages, _ = await desk.pull(cursor, (*others, *_linked([again])))
    assert charts(pages) == []  # the chart as it is known shows it


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"id": 7, "group_ID": "G"}, True),
        ({"id": 7, "group_number": "G", "member_id": "M"}, True),
        ({"id": 7, "group_ID": "H"}, False),
        ({"id": 8, "group_ID": "G"}, False),
        ({"id": 7}, False),
        ({"id": 7, "group_ID": "H", "updated_at": "2026-04-16T11:00:00.000Z"}, True),
        ({"id": 7, "group_ID": "H", "updated_at": "2026-04-16T14:00:00.000Z"}, False),
        ({"id": 7, "group_ID": "H", "updated_at": "yesterday"}, False),
        ({"policy_no": "M", "group_ID": "G"}, False),
    ],
)
def test_a_policy_that_the_known_chart_shows_is_no_news(policy: dict[str, object], told: bool) -> None:
    record = {"casefile_id": "1:x", "insurances": [{"id": 7, "policy_no": "M", "group_ID": "G"}]}
    link = Linked("p", "1:x", record)
    assert is_told(policy, link, NOW - timedelta(hours=2)) is told
    assert not is_told(policy, None, NOW)


async def test_rows_that_name_no_chart_are_told() -> None:
    desk = Desk()
    desk.charts["1001"]["casefile_id"] = "1001"
    pages, _ = await desk.pull(types=frozenset({"Patient"}))
    assert any("name no chart" in note for page in pages for note in page.notes)


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


async def test_the_record_of_what_many_share_holds_nothing_of_a_patient() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Private", referrer_name="Harbor Recovery")
    await desk.staff("discharge", last_name="Private", discharging_to="Sober House")
    pages, _ = await desk.pull()
    shared = [p for c in charts(pages) for p in c.parts if p.lens.type in {"Organization", "Location"}]
    assert len(shared) >= 7
    assert all(set(part.record) <= set(part.lens.vendor_paths()) for part in shared if part.key != "site:2")
    assert not any("casefile_id" in part.record or "policy_no" in part.record for part in shared)


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


@dataclass
class Kept:
    """What a gateway keeps of pulls: the cursor with what it follows, charts by person, parts of lists by key."""

    cursor: str | None = None
    links: dict[str, Linked] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)

    async def pull(self, desk: Desk) -> None:
        """From where the last page was kept to the end."""
        more = True
        while more:
            flow = translator.pull(desk.account, self.cursor, list(self.links.values()), desk.moment, frozenset())
            page = await desk.run(flow)
            for one in page.charts:
                self.listed |= {f"{part.lens.type}/{part.key}" for part in one.parts if one.patient_key is None}
                if one.patient_key is not None and not one.incomplete:
                    self.links[one.patient_key] = Linked("p", one.patient_key, one.parts[0].record)
            self.cursor, more = page.cursor, page.more


async def _busy_instance() -> Desk:
    desk = Desk(account(history_days="30"))
    await desk.staff("admit", last_name="Here")
    await desk.staff("admit", last_name="Left")
    await desk.staff("discharge", last_name="Left")
    return desk


async def _two_pulls(desk: Desk, kept: Kept, cut: int | None) -> None:
    """A first load and, after changes, a second pull; whoever is cut off begins again where the cursor stands."""
    for number in range(2):
        try:
            desk.cut = cut
            await kept.pull(desk)
        except Lost:
            desk.cut = None
            await kept.pull(desk)
        if number == 0:
            desk.cut = None
            await desk.staff("chart", last_name="Here", fields={"email": "new@example.org"})
            desk.now += timedelta(hours=1)


async def test_a_pull_that_is_cut_off_after_any_call_ends_the_same() -> None:
    whole = await _busy_instance()
    expected = Kept()
    await _two_pulls(whole, expected, None)
    assert len(expected.links) == 2
    for cut in range(1, len(whole.calls) + 1):
        desk, kept = await _busy_instance(), Kept()
        await _two_pulls(desk, kept, cut)
        assert desk.cut is None or len(desk.calls) >= cut
        assert (kept.links, kept.listed, kept.cursor) == (expected.links, expected.listed, expected.cursor), cut


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"sinces": 1}', '{"since": "yesterday"}'])
async def test_a_cursor_that_is_none_is_named(text: str) -> None:
    desk = Desk()
    with pytest.raises(Misconfigured, match="cursor"):
        await desk.pull(text, types=frozenset({"Patient"}))


def test_a_cursor_survives_being_written() -> None:
    at = Cursor("2026-04-16T15:30:00+00:00", None, None, "census", 3, "1:x", 70)
    assert Cursor.read(at.written(), Desk().now) == at
