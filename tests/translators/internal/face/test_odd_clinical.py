"""Clinical resources that say little, or say it oddly: shown without an error, and changed without harm."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import Api

NOTHING = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
HALF = {"coding": [{"display": "half a coding"}]}
LOINC = "http://loinc.org"
CONDITION = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ODD: list[tuple[str, str, dict[str, Any]]] = [
    (
        "allergies",
        "AllergyIntolerance",
        {
            "clinicalStatus": {
                "coding": [{"system": CONDITION.replace("condition", "allergyintolerance"), "code": "resolved"}]
            },
            "code": NOTHING,
            "lastOccurrence": "2020",
            "reaction": [{"substance": HALF, "manifestation": [NOTHING], "onset": "2020-05", "note": [{"text": "x"}]}],
            "extension": [{"url": "urn:other", "valueString": "x"}],
        },
    ),
    ("diseases", "Condition", {"code": {"coding": [{"userSelected": True, "code": "x"}]}, "onsetString": "as a child"}),
    (
        "diseases",
        "Condition",
        {
            "clinicalStatus": {"coding": [{"system": CONDITION, "code": "remission"}]},
            "category": [{"text": "odd"}],
            "abatementString": "in spring",
            "onsetPeriod": {"end": "2020"},
            "note": [{"authorString": "x", "text": "y"}],
        },
    ),
    (
        "medications",
        "MedicationStatement",
        {
            "status": "unknown",
            "medicationReference": {"display": "as the patient says"},
            "statusReason": [HALF],
            "effectivePeriod": {"end": "2020"},
            "dosage": [{"asNeededBoolean": True, "timing": {"event": ["2020-01-01"]}, "doseAndRate": [{"type": HALF}]}],
            "informationSource": {"display": "her sister"},
        },
    ),
    ("medications", "MedicationStatement", {"status": "not-taken", "medicationCodeableConcept": NOTHING}),
    (
        "vital-signs",
        "Observation",
        {
            "status": "preliminary",
            "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
            "effectiveDateTime": "2024-05",
            "dataAbsentReason": {"text": "restless"},
            "performer": [{"display": "a nurse"}],
        },
    ),
    (
        "vital-signs",
        "Observation",
        {
            "status": "final",
            "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
            "effectivePeriod": {"start": "2024-05-06T07:08:09.123+02:00"},
            "component": [
                {"code": {"coding": [{"system": LOINC, "code": "8480-6"}]}, "valueQuantity": {"unit": "mmHg"}},
                {"code": {"coding": [{"system": LOINC, "code": "8462-4"}]}, "valueString": "seventy"},
                {"code": {"text": "cuff"}, "valueString": "large"},
            ],
        },
    ),
]


@pytest.mark.parametrize(("section", "type", "odd"), ODD, ids=[f"{type}-{n}" for n, (_, type, _) in enumerate(ODD)])
async def test_it_is_shown_changed_and_archived(
    api: Api, client: Fhir, section: str, type: str, odd: dict[str, Any]
) -> None:
    made = await api.patient()
    chart, subject = f"/patients/{made['id']}", {"reference": f"Patient/{made['id']}"}
    place = "patient" if type == "AllergyIntolerance" else "subject"
    written = await client.create({"resourceType": type, place: subject, **odd})
    (told,) = await api.items(f"{chart}/{section}")
    assert told["id"] == written["id"]
    assert (await api.get(f"{chart}/medical-summary"))["patient"]["id"] == made["id"]
    all_news: dict[str, dict[str, Any]] = {
        "allergies": {"severity": "mild"},
        "diseases": {"date_start": "2021-02-03"},
        "medications": {"frequency": "daily", "date_start": "2019-01-02"},
        "vital-signs": {"pulse": 60, "date_taken": "2024-05-07"},
    }
    news = all_news[section]
    changed = await api.patch(f"{chart}/{section}/{told['id']}", {"base_version": 1, **news})
    assert {name: changed[name] for name in news} == news
    await api.post(f"{chart}/{section}/{told['id']}/archive", status=200)
    kept = (await client.ask("GET", f"{type}/{told['id']}")).json()
    assert kept.get("note") == odd.get("note")
