"""The chart that a push sends: what belongs to a patient, and when two charts are the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store import document
from gateway.sync.chart import digest, load_chart, patient_of, patients_named
from gateway.translation.contract import Chart
from tests.gateway.sync.clinic import Clinic, Resource, patient


def about(type: str, id: str, whose: str, **more: object) -> Resource:
    element = {"Coverage": "beneficiary", "RelatedPerson": "patient"}.get(type, "subject")
    return {"resourceType": type, "id": id, element: {"reference": f"Patient/{whose}"}, **more}


def test_the_other_patients_that_a_chart_names() -> None:
    kin = about("RelatedPerson", "kin", "p1", extension=[{"url": "x", "valueReference": {"reference": "Patient/p2"}}])
    chart = Chart(patient("p1", link=[{"other": {"reference": "Patient/p3"}}]), {"RelatedPerson": (kin,)})
    assert patients_named(chart) == {"p2", "p3"}


def test_whose_a_version_is() -> None:
    for type in ("Coverage", "RelatedPerson", "Encounter"):
        assert patient_of(type, "x", document.encode(about(type, "x", "p1"))) == "p1"
    assert patient_of("Patient", "p1", b"") == "p1"
    assert patient_of("Encounter", "x", b"") is None
    group = {"resourceType": "Encounter", "id": "x", "subject": {"reference": "Group/g"}}
    assert patient_of("Encounter", "x", document.encode(group)) is None


async def test_the_chart_holds_the_patient_s_own_and_what_they_refer_to(clinic: Clinic) -> None:
    await clinic.put(
        patient("p1"),
        patient("p2"),
        about("Encounter", "stay", "p1", status="planned", location=[{"location": {"reference": "Location/bed"}}]),
        about("Encounter", "others", "p2", status="planned"),
        about("Coverage", "policy", "p1", status="active", payor=[{"reference": "Organization/payer"}]),
        {"resourceType": "Organization", "id": "payer", "name": "Payer"},
        {"resourceType": "Location", "id": "bed", "name": "Bed", "partOf": {"reference": "Location/room"}},
        {"resourceType": "Location", "id": "room", "name": "Room", "partOf": {"reference": "Location/house"}},
        {"resourceType": "Location", "id": "house", "name": "House"},
    )
    chart = await clinic.write(lambda tx: load_chart(tx, "p1"))
    assert chart is not None
    assert chart.patient["id"] == "p1"
    assert {type: [each["id"] for each in found] for type, found in chart.resources.items() if found} == {
        "Encounter": ["stay"],
        "Coverage": ["policy"],
    }
    assert set(chart.referenced) == {"Organization/payer", "Location/bed", "Location/room"}


async def test_there_is_no_chart_of_a_patient_who_is_gone(clinic: Clinic) -> None:
    await clinic.put(patient("p1"))
    await clinic.write(lambda tx: tx.delete("Patient", "p1"))
    assert await clinic.write(lambda tx: load_chart(tx, "p1")) is None
    assert await clinic.write(lambda tx: load_chart(tx, "never")) is None


async def test_what_was_deleted_or_is_not_there_is_not_in_the_chart(clinic: Clinic) -> None:
    await clinic.put(
        patient("p1"),
        about("Coverage", "policy", "p1", payor=[{"reference": "Organization/gone"}, {"reference": "Organization/no"}]),
        about("Encounter", "stay", "p1"),
        {"resourceType": "Organization", "id": "gone", "name": "Gone"},
    )
    await clinic.write(lambda tx: (tx.delete("Encounter", "stay"), tx.delete("Organization", "gone")))
    chart = await clinic.write(lambda tx: load_chart(tx, "p1"))
    assert chart is not None
    assert (chart.of("Encounter"), chart.referenced) == ((), {})


def test_the_digest_ignores_versions_and_nothing_else() -> None:
    one = Chart({**patient(), "meta": {"versionId": "1"}}, {"Coverage": (about("Coverage", "c", "p1"),)})
    same = Chart({**patient(), "meta": {"versionId": "2"}}, {"Coverage": (about("Coverage", "c", "p1"),)})
    assert digest(one, "stamp") == digest(same, "stamp")
    others = [
        Chart(patient(family="Other"), one.resources),
        Chart(patient(), {}),
        Chart(patient(), one.resources, {"Organization/o": {"resourceType": "Organization", "id": "o"}}),
    ]
    digests = {digest(chart, "stamp") for chart in [one, *others]} | {digest(one, "other settings")}
    assert len(digests) == 5


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(["gender", "birthDate", "language"]), st.text(max_size=5)))
def test_the_digest_is_of_the_content(elements: dict[str, str]) -> None:
    one, other = Chart({**patient(), **elements}), Chart({**patient(), **elements})
    assert digest(one, "s") == digest(other, "s")
    assert digest(Chart({**patient(), **elements, "note": "x"}), "s") != digest(one, "s")
