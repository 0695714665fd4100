"""Allergies, diseases, medications and vital signs, by the staff app and by FHIR clients alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.canonical import extension_url
from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import ABSENT, Api, Catalogue, places, refused
from translators.internal.wording import RXNORM, unlisted

SECTIONS = ("allergies", "diseases", "medications", "vital-signs")
TITLES = {
    "allergies": "Allergy not found.",
    "diseases": "Disease not found.",
    "medications": "Medication not found.",
    "vital-signs": "Vital signs record not found.",
}


def bodies(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """A create that says all that it can, of each section."""
    return {
        "allergies": {
            "allergy_definition_uuid": catalogue.penicillin,
            "reaction": "Hives",
            "snomed_reaction": "247472004",
            "severity": "so-so",
            "date_adverse_reaction": "2019-08-14",
            "status_is_active": False,
        },
        "diseases": {
            "disease_definition_uuid": catalogue.disease,
            "problem_status": "active",
            "function_status": "cognitive_problem",
            "snomed_problem_type": "55607006",
            "date_start": "2018-03-02",
            "date_stop": "2026-12-31",
            "patient_note": "Measures\nat home",
        },
        "medications": {
            "medication_definition_uuid": catalogue.amoxicillin,
            "med_descript": "the pink ones",
            "rx_cui": "308191",
            "dosage": "500 mg",
            "frequency": "three times a day",
            "route": "by mouth",
            "date_start": "2025-01-10",
            "date_stop": "2025-01-20",
            "provider_uuid": catalogue.provider,
            "is_cpoe": True,
            "patient_note": "With food",
        },
        "vital-signs": {
            "date_taken": "2025-06-12",
            "time_taken": "09:41:00",
            "bp_systolic": 184,
            "bp_diastolic": 96,
            "pulse": 88,
            "oxygen_saturation": 97,
            "temperature_f": 98.6,
            "respiration_rate": 16,
            "height_inches": 66.5,
            "weight_lbs": 151,
            "weight_code": "shoes-on",
            "bmi": 24.01,
            "bmi_percentile": 55,
            "has_followup_plan": True,
            "note": "Sat for five minutes before",
            "provider_uuid": catalogue.provider,
        },
    }


NAMES = {
    "allergy_definition_uuid": "Penicillin",
    "disease_definition_uuid": "Asthma",
    "medication_definition_uuid": "Amoxicillin 500 mg",
    "provider_uuid": "Dr. Ines Calloway",
}


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """What an answer has to say of what a body said."""
    told = {name: str(value) if isinstance(value, float) else value for name, value in body.items()}
    told |= {"weight_lbs": "151"} if "weight_lbs" in body else {}
    related = {key: told.pop(key) for key in NAMES if key in told}
    return told | {key.removesuffix("_uuid"): {"id": id, "name": NAMES[key]} for key, id in related.items()}


@pytest.fixture
async def chart(api: Api, catalogue: Catalogue) -> str:
    return f"/patients/{(await api.patient())['id']}"


async def test_all_that_a_create_says_is_read_again_and_is_changed_and_archived(
    api: Api, catalogue: Catalogue, chart: str
) -> None:
    other = f"/patients/{(await api.patient('Ida', 'Marsh'))['id']}"
    for section, body in bodies(catalogue).items():
        made = await api.post(f"{chart}/{section}", body)
        assert {name: made[name] for name in shown(body)} == shown(body)
        assert (made["version"], made["deleted_at"], made["patient"]["name"]) == (1, None, "Wren Halloway")
        if section != "vital-signs":
            made |= {"interaction_warnings": None} if "interaction_warnings" in made else {}
        assert await api.items(f"{chart}/{section}") == [made]
        assert await api.items(f"{other}/{section}") == []
        one = f"{section}/{made['id']}"
        note = next(name for name in ("reaction", "patient_note", "note") if name in made)
        absent = await api.ask("PATCH", f"{other}/{one}", {"base_version": 1, note: "x"})
        assert refused(absent, 404) == TITLES[section]
        edited = await api.patch(f"{chart}/{one}", {"base_version": 1, note: "x"})
        assert edited == {**made, note: "x", "version": 2, "updated_at": edited["updated_at"]}
        assert refused(await api.ask("PATCH", f"{chart}/{one}", {"base_version": 1, note: "y"}), 409)
        cleared = await api.patch(f"{chart}/{one}", {"base_version": 2, note: None})
        assert (cleared[note], cleared["version"]) == (None, 3)
        gone = await api.post(f"{chart}/{one}/archive", status=200)
        assert gone["deleted_at"] == gone["updated_at"]
        assert await api.items(f"{chart}/{section}") == []
        assert refused(await api.ask("POST", f"{chart}/{one}/archive"), 404) == TITLES[section]


async def test_what_is_not_there_is_not_found(api: Api, catalogue: Catalogue, chart: str) -> None:
    for section, body in bodies(catalogue).items():
        assert refused(await api.ask("GET", f"/patients/{ABSENT}/{section}"), 404) == "Patient not found."
        assert refused(await api.ask("POST", f"/patients/{ABSENT}/{section}", body), 404) == "Patient not found."
        for key in NAMES.keys() & body.keys():
            answer = await api.ask("POST", f"{chart}/{section}", {**body, key: ABSENT})
            assert "not found." in refused(answer, 404)
        assert places(await api.ask("POST", f"{chart}/{section}", {**body, "nonsense": 1})) == {"body.nonsense"}
        assert await api.items(f"{chart}/{section}") == []


async def test_what_fhir_cannot_hold_is_refused_at_its_place(api: Api, chart: str) -> None:
    backwards = {"date_start": "2025-02-01", "date_stop": "2025-01-01"}
    answer = await api.ask("POST", f"{chart}/medications", backwards)
    assert places(answer) == {"body.date_start", "body.date_stop"}
    made = await api.post(f"{chart}/medications", {"date_start": "2025-02-01"})
    late = {"base_version": 1, "date_stop": "2025-01-01"}
    assert "body.date_stop" in places(await api.ask("PATCH", f"{chart}/medications/{made['id']}", late))
    assert (await api.items(f"{chart}/medications")) == [made | {"interaction_warnings": None}]


async def test_a_time_with_its_zone_is_an_instant_and_one_without_is_none(api: Api, client: Fhir, chart: str) -> None:
    for time, effective in (("09:41:00-05:00", "2025-06-12T09:41:00-05:00"), ("09:41", "2025-06-12")):
        made = await api.post(f"{chart}/vital-signs", {"date_taken": "2025-06-12", "time_taken": time})
        assert made["time_taken"] == (time if len(time) > 5 else f"{time}:00")
        kept = (await client.ask("GET", f"Observation/{made['id']}")).json()
        assert kept["effectiveDateTime"] == effective


async def test_pages_filters_and_order(api: Api, catalogue: Catalogue, chart: str) -> None:
    sound = {"allergy_definition_uuid": catalogue.penicillin}
    active = await api.post(f"{chart}/allergies", sound)
    await api.post(f"{chart}/allergies", {**sound, "status_is_active": False})
    assert [each["id"] for each in await api.items(f"{chart}/allergies", is_active="true")] == [active["id"]]
    assert len(await api.items(f"{chart}/allergies", is_active="false")) == 1
    second = await api.get(f"{chart}/allergies", page=2, page_size=1)
    assert (second["total"], second["page"], second["page_size"], len(second["items"])) == (2, 2, 1, 1)

    problem = {"disease_definition_uuid": catalogue.disease}
    for status in ("active", "resolved", "inactive"):
        await api.post(f"{chart}/diseases", {**problem, "problem_status": status, "date_stop": "2024-01-01"})
        found = await api.items(f"{chart}/diseases", problem_status=status)
        assert [each["problem_status"] for each in found] == [status]
    assert places(await api.ask("GET", f"{chart}/diseases", problem_status="over")) == {"query.problem_status"}

    taken = await api.post(f"{chart}/medications", {"med_descript": "Ibuprofen"})
    assert taken["status"] == "active"
    stopped = {"base_version": 1, "status": "discontinued", "discontinuation_reason": "Dry cough"}
    await api.patch(f"{chart}/medications/{taken['id']}", stopped)
    assert await api.items(f"{chart}/medications", is_active="true") == []
    (over,) = await api.items(f"{chart}/medications", is_active="false")
    assert (over["status"], over["discontinuation_reason"]) == ("discontinued", "Dry cough")

    for day in ("2025-01-02", "2025-03-04", "2024-12-31"):
        await api.post(f"{chart}/vital-signs", {"date_taken": day, "pulse": 60})
    listed = await api.items(f"{chart}/vital-signs")
    assert [each["date_taken"] for each in listed] == ["2025-03-04", "2025-01-02", "2024-12-31"]
    within = await api.items(f"{chart}/vital-signs", date_from="2025-01-02", date_to="2025-03-03")
    assert [each["date_taken"] for each in within] == ["2025-01-02"]
    assert await api.get(f"{chart}/vital-signs/{within[0]['id']}") == within[0]


async def test_digits_of_measurements_stay_and_what_is_out_of_range_is_flagged(api: Api, chart: str) -> None:
    body = b'{"date_taken": "2025-06-12", "temperature_f": 101.00, "weight_lbs": 150.50, "bp_systolic": 181}'
    made = (await api.ask("POST", f"{chart}/vital-signs", body)).json()
    assert (made["temperature_f"], made["weight_lbs"]) == ("101.00", "150.50")
    assert [(each["field"], each["severity"]) for each in made["abnormal_flags"]] == [
        ("bp_systolic", "critical"),
        ("temperature_f", "warning"),
    ]
    assert made["is_procedure_blocking"] is True
    calm = await api.patch(f"{chart}/vital-signs/{made['id']}", {"base_version": 1, "bp_systolic": 180})
    assert calm["is_procedure_blocking"] is False


async def test_what_fhir_clients_write_is_shown_and_what_they_entered_in_error_is_not(
    api: Api, client: Fhir, chart: str
) -> None:
    subject = {"reference": chart.removeprefix("/").replace("patients", "Patient")}
    clinical = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
    code = {"coding": [{"system": RXNORM, "code": "7980", "display": "penicillin G"}]}
    allergy = {
        "resourceType": "AllergyIntolerance",
        "patient": subject,
        "code": code,
        "clinicalStatus": {"coding": [{"system": f"{clinical}clinical", "code": "active"}]},
    }
    written = await client.create(allergy)
    del allergy["clinicalStatus"]
    error = {"coding": [{"system": f"{clinical}verification", "code": "entered-in-error"}]}
    await client.create({**allergy, "verificationStatus": error})
    (told,) = await api.items(f"{chart}/allergies")
    assert told["allergy_definition"] == {"id": unlisted("penicillin G"), "name": "penicillin G"}
    same = {"allergy_definition_uuid": unlisted("penicillin G"), "severity": "mild", "base_version": 1}
    assert (await api.patch(f"{chart}/allergies/{written['id']}", same))["severity"] == "mild"
    kept = (await client.ask("GET", f"AllergyIntolerance/{written['id']}")).json()
    assert kept["code"] == code
    renamed = {**kept, "code": {"text": "Latex"}}
    assert (await client.ask("PUT", f"AllergyIntolerance/{written['id']}", renamed)).status_code == 200
    (told,) = await api.items(f"{chart}/allergies")
    assert (told["allergy_definition"]["name"], told["version"]) == ("Latex", 3)

    condition = {"resourceType": "Condition", "subject": subject, "code": {"text": "Gout"}}
    await client.create(condition)
    (problem,) = await api.items(f"{chart}/diseases", problem_status="active")
    assert (problem["problem_status"], problem["function_status"]) == ("active", "problem")

    weight = {
        "resourceType": "Observation",
        "status": "final",
        "subject": subject,
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "effectiveDateTime": "2025-02-03T04:05:06-05:00",
        "valueQuantity": {"value": 70, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    }
    measured = await client.create(weight)
    await client.create({**weight, "status": "entered-in-error"})
    await client.create({**weight, "code": {"text": "Mood"}, "valueQuantity": {"value": 3}})
    (vitals,) = await api.items(f"{chart}/vital-signs")
    assert (vitals["weight_lbs"], vitals["date_taken"], vitals["time_taken"]) == (
        "154.3",
        "2025-02-03",
        "04:05:06-05:00",
    )
    await api.patch(f"{chart}/vital-signs/{measured['id']}", {"base_version": 1, "weight_lbs": 150})
    kept = (await client.ask("GET", f"Observation/{measured['id']}")).json()
    assert kept["valueQuantity"] == {
        "value": 150, "unit": "lb", "system": "http://unitsofmeasure.org", "code": "[lb_av]"
    }  # fmt: skip
    assert (kept["code"], kept["effectiveDateTime"]) == (weight["code"], weight["effectiveDateTime"])


async def test_what_the_staff_write_is_fhir(api: Api, client: Fhir, catalogue: Catalogue, chart: str) -> None:
    all_ids = {}
    for section, body in bodies(catalogue).items():
        all_ids[section] = (await api.post(f"{chart}/{section}", body))["id"]
    allergy = (await client.ask("GET", f"AllergyIntolerance/{all_ids['allergies']}")).json()
    assert allergy["code"]["text"] == "Penicillin"
    assert {each["url"] for each in allergy["extension"]} == {
        extension_url("allergy-definition"),
        extension_url("allergy-severity"),
    }
    assert await client.total(f"Condition?_id={all_ids['diseases']}&clinical-status=active") == 1
    assert await client.total(f"MedicationStatement?medication=Medication/{catalogue.amoxicillin}&status=active") == 1
    assert await client.total("Observation?component-code-value-quantity=8480-6$gt180") == 1
    observation = await client.ask("GET", f"Observation/{all_ids['vital-signs']}")
    values = {
        each["code"]["coding"][0]["code"]: Decimal(str(each["valueQuantity"]["value"]))
        for each in observation.json()["component"]
    }
    assert (values["8310-5"], values["29463-7"]) == (Decimal("98.6"), Decimal(151))


async def test_a_create_warns_of_an_allergy_and_a_medication_that_do_not_go_together(
    api: Api, client: Fhir, catalogue: Catalogue, chart: str
) -> None:
    taken = await api.post(f"{chart}/medications", {"medication_definition_uuid": catalogue.amoxicillin})
    assert taken["interaction_warnings"] == []
    allergy = await api.post(f"{chart}/allergies", {"allergy_definition_uuid": catalogue.penicillin})
    (family,) = allergy["interaction_warnings"]
    assert (family["type"], family["severity"]) == ("same_family", "warning")
    assert family["medication"] == {"id": taken["id"], "name": "Amoxicillin 500 mg"}
    assert family["allergy"] == {"id": allergy["id"], "name": "Penicillin"}
    again = await api.post(f"{chart}/medications", {"med_descript": "PENICILLIN V tablets"})
    (same,) = again["interaction_warnings"]
    assert (same["type"], same["severity"]) == ("same_substance", "critical")
    assert [each["interaction_warnings"] for each in await api.items(f"{chart}/medications")] == [None, None]
    inactive = {"allergy_definition_uuid": catalogue.penicillin, "status_is_active": False}
    assert (await api.post(f"{chart}/allergies", inactive))["interaction_warnings"] == []
    plain = await api.post(f"{chart}/medications", {"med_descript": "Lisinopril 10 mg tablet"})
    assert plain["interaction_warnings"] == []


async def test_an_allergy_has_the_codes_of_its_substance(
    api: Api, client: Fhir, catalogue: Catalogue, chart: str
) -> None:
    coding = [{"system": RXNORM, "code": "7980", "display": "penicillin G"}]
    substance = {"resourceType": "Substance", "id": "pcn", "code": {"coding": coding, "text": "PCN"}}
    assert (await client.ask("PUT", "Substance/pcn", substance)).status_code == 201
    made = await api.post(f"{chart}/allergies", {"allergy_definition_uuid": "pcn"})
    assert made["allergy_definition"] == {"id": "pcn", "name": "PCN"}
    assert await client.total(f"AllergyIntolerance?code={RXNORM}|7980") == 1
    assert (await api.patch(f"{chart}/allergies/{made['id']}", {"base_version": 1, "reaction": "Hives"}))[
        "version"
    ] == 2
    assert await client.total(f"AllergyIntolerance?code={RXNORM}|7980") == 1
    latex = {"base_version": 2, "allergy_definition_uuid": catalogue.penicillin}
    assert (await api.patch(f"{chart}/allergies/{made['id']}", latex))["allergy_definition"]["name"] == "Penicillin"
    assert await client.total(f"AllergyIntolerance?code={RXNORM}|7980") == 0


async def test_what_the_staff_clear_leaves_no_half_element(api: Api, client: Fhir, chart: str) -> None:
    subject = {"reference": chart.removeprefix("/").replace("patients", "Patient")}
    note = {"text": "x", "authorString": "Dr. Ines Calloway", "time": "2025-01-02"}
    made = await client.create({"resourceType": "Condition", "subject": subject, "note": [note, {"text": "second"}]})
    cleared = await api.patch(f"{chart}/diseases/{made['id']}", {"base_version": 1, "patient_note": None})
    assert cleared["patient_note"] == "second", "the next note is the first now"
    reaction = {"manifestation": [{"text": "rash"}], "onset": "2020-05"}
    active = {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
    allergy = {"resourceType": "AllergyIntolerance", "patient": subject, "clinicalStatus": {"coding": [active]}}
    made = await client.create({**allergy, "reaction": [reaction]})
    cleared = await api.patch(f"{chart}/allergies/{made['id']}", {"base_version": 1, "reaction": None})
    assert (cleared["reaction"], cleared["severity"]) == (None, None)
    kept = (await client.ask("GET", f"AllergyIntolerance/{made['id']}")).json()
    assert kept["reaction"][0]["onset"] == "2020-05"
