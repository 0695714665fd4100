"""The medical summary: the head of a chart, over everything that the staff and FHIR clients wrote."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import extension_url
from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import ABSENT, Api, Catalogue, refused

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def social(subject: str, words: str, day: str, **value: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "social-history"}]}],
        "code": {"text": words},
        "subject": {"reference": subject},
        "effectiveDateTime": day,
        **value,
    }


async def test_an_empty_chart_has_an_empty_head(api: Api) -> None:
    made = await api.patient()
    assert await api.get(f"/patients/{made['id']}/medical-summary") == {
        "patient": {"id": made["id"], "name": "Wren Halloway"},
        "allergy_review_status": "not_reviewed",
        "allergies": [],
        "active_problems": [],
        "current_medications": [],
        "past_medications": [],
        "social_history": [],
        "latest_vitals": None,
        "alerts": [],
        "medical_urgent_note": None,
        "premedication_required": None,
    }
    assert refused(await api.ask("GET", f"/patients/{ABSENT}/medical-summary"), 404) == "Patient not found."


async def test_the_head_shows_what_counts_now(api: Api, client: Fhir, catalogue: Catalogue) -> None:
    facts: dict[str, Any] = {
        "allergy_review_status": "reviewed",
        "medical_urgent_note": "Pacemaker",
        "premedication_required": True,
    }
    made = await api.patient(**facts)
    chart, subject = f"/patients/{made['id']}", f"Patient/{made['id']}"
    allergy = {"allergy_definition_uuid": catalogue.penicillin}
    active = await api.post(f"{chart}/allergies", allergy)
    await api.post(f"{chart}/allergies", {**allergy, "status_is_active": False})
    problem = {"disease_definition_uuid": catalogue.disease}
    await api.post(f"{chart}/diseases", problem)
    await api.post(f"{chart}/diseases", {**problem, "problem_status": "resolved"})
    for number, status in enumerate((None, "on_hold", "completed")):
        taken = await api.post(f"{chart}/medications", {"med_descript": f"M{number}"})
        if status:
            await api.patch(f"{chart}/medications/{taken['id']}", {"base_version": 1, "status": status})
    for time, pulse in (("18:00:00", 70), ("07:30:00", 80), (None, 90)):
        await api.post(f"{chart}/vital-signs", {"date_taken": "2025-06-12", "time_taken": time, "pulse": pulse})
    await api.post(f"{chart}/vital-signs", {"date_taken": "2025-06-11", "time_taken": "23:00:00", "pulse": 60})
    await client.create(social(subject, "Tobacco", "2023-01-02", valueString="daily"))
    newest = await client.create(social(subject, "Tobacco", "2025-01-02", valueCodeableConcept={"text": "former"}))
    await client.create(social(subject, "Lives alone", "2024-01-02", valueBoolean=False))
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "subject": {"reference": subject},
        "code": {"text": "Falls"},
        "extension": [{"url": extension_url("alert-scope"), "valueCode": "family"}],
    }
    await client.create(flag)
    await client.create({**flag, "status": "inactive"})

    told = await api.get(f"{chart}/medical-summary")
    assert {name: told[name] for name in facts} == facts
    assert told["allergies"] == [active | {"interaction_warnings": None}]
    assert [each["disease_definition"]["name"] for each in told["active_problems"]] == ["Asthma"]
    assert [each["med_descript"] for each in told["current_medications"]] == ["M0"]
    assert [(each["med_descript"], each["status"]) for each in told["past_medications"]] == [
        ("M1", "on_hold"),
        ("M2", "completed"),
    ]
    assert told["latest_vitals"]["pulse"] == 70
    assert told["social_history"] == [
        {
            "id": newest["id"],
            "category": "Tobacco",
            "value": "former",
            "code": None,
            "date_recorded": "2025-01-02",
            "note": None,
        },
        {**told["social_history"][1], "category": "Lives alone", "value": "no", "date_recorded": "2024-01-02"},
    ]
    (alert,) = told["alerts"]
    assert (alert["status"], alert["alert_scope"], alert["is_urgent"]) == ("active", "family", False)


@pytest.mark.parametrize("lost", ["AllergyIntolerance", "MedicationStatement", "Flag"])
async def test_who_may_not_see_a_part_is_refused_the_whole(api: Api, staff: Any, lost: str) -> None:
    """A head of a chart without its allergies would look like one of a patient who has none."""
    made = await api.patient()
    types = ("Patient", "AllergyIntolerance", "Condition", "MedicationStatement", "Observation", "Flag")
    limited = await staff(" ".join(f"system/{type}.rs" for type in types if type != lost))
    refused(await limited.ask("GET", f"/patients/{made['id']}/medical-summary"), 403)
