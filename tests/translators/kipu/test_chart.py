"""A patient document as a chart: what of it arrives, under which keys, and what is remembered."""

from __future__ import annotations

from gateway.translation import path
from gateway.translation.contract import Linked, Pulled
from tests.translators.kipu.desk import Desk, account
from tests.translators.kipu.people import chart
from tests.translators.kipu.pulls import charts
from translators.kipu import translator
from translators.kipu.examples import IN_HOUSE
from translators.kipu.kinds import IGNORED
from translators.kipu.location import places

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


async def test_the_record_of_what_many_share_holds_nothing_of_a_patient() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Private", referrer_name="Harbor Recovery")
    await desk.staff("discharge", last_name="Private", discharging_to="Sober House")
    pages, _ = await desk.pull()
    shared = [p for c in charts(pages) for p in c.parts if p.lens.type in {"Organization", "Location"}]
    assert len(shared) >= 7
    assert all(set(part.record) <= set(part.lens.vendor_paths()) for part in shared if part.key != "site:2")
    assert not any("casefile_id" in part.record or "policy_no" in part.record for part in shared)
