"""Pushes of a chart's lists against the sandbox: made once, amended with the version, put away; what is left out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gateway.canonical import extension_url
from gateway.translation.contract import Chart, Linked, Pushed
from gateway.translation.path import Json
from tests.translators.internal.driving import Cut, World, account

LINK = Linked("p1")
PENICILLIN, LATEX = (f"00000000-0000-4000-8000-0000000060a{n}" for n in (1, 2))
HYPERTENSION = "00000000-0000-4000-8000-0000000080c2"
FALL_RISK = "Fall risk"
CALLOWAY = "00000000-0000-4000-8000-0000000020d1"
HOLLOWAY = "00000000-0000-4000-8000-0000000000a1"
DEFINITIONS = {"definition": {"Penicillin": PENICILLIN, "Latex": LATEX, "Hypertension": HYPERTENSION}}
CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
SUBJECT = {"reference": "Patient/p1"}


@pytest.fixture(autouse=True)
def _mapped(world: World) -> None:
    world.account = account(DEFINITIONS)


def patient(**more: Any) -> Json:
    name = [{"use": "official", "given": ["Idris"], "family": "Vane"}]
    return {"resourceType": "Patient", "id": "p1", "name": name, "birthDate": "1988-08-08", **more}


def allergy(text: str = "Penicillin", id: str = "a1", **more: Any) -> Json:
    status = {"coding": [{"system": CLINICAL, "code": "active"}]}
    told = {"code": {"text": text}, "clinicalStatus": status, "patient": SUBJECT}
    return {"resourceType": "AllergyIntolerance", "id": id, **told, **more}


def reaction(text: str) -> Json:
    return {"reaction": [{"manifestation": [{"text": text}]}]}


def medication(**more: Any) -> Json:
    what = {"medicationCodeableConcept": {"text": "Naltrexone"}, "subject": SUBJECT}
    return {"resourceType": "MedicationStatement", "id": "m1", "status": "active", **what, **more}


def vitals(*components: tuple[str, str, str], **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": "v1",
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "85353-1"}]},
        "subject": SUBJECT,
        "effectiveDateTime": "2026-02-03",
        "component": [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "valueQuantity": {
                    "value": Decimal(value), "unit": unit, "system": "http://unitsofmeasure.org", "code": unit
                },
            }
            for code, value, unit in components
        ],
        **more,
    }  # fmt: skip


def chart(*resources: Json, **more: Any) -> Chart:
    types = dict.fromkeys(resource["resourceType"] for resource in resources)
    grouped = {type: tuple(each for each in resources if each["resourceType"] == type) for type in types}
    return Chart(patient(), grouped, **more)


def after(pushed: Pushed) -> Linked:
    """What the gateway remembers then."""
    return Linked("p1", pushed.external_id, pushed.record, keys=pushed.links, records=pushed.records)


async def there(world: World, key: str | None, what: str) -> list[Json]:
    answer = await world.api("GET", f"/patients/{key}/{what}")
    items: list[Json] = answer["items"]
    return items


def writes(world: World) -> list[tuple[str, str]]:
    return [(call.method, call.path.rpartition("/patients/")[2].partition("/")[2]) for call in world.calls
            if call.method != "GET"]  # fmt: skip


async def test_a_chart_is_made_once_and_costs_nothing_more(world: World) -> None:
    full = chart(allergy(**reaction("Hives")), medication(), vitals(("8310-5", "98.60", "[degF]")))
    pushed = await world.push(full, LINK)
    assert pushed.left_out == ()
    key = pushed.external_id
    ((one,), (two,), (three,)) = [await there(world, key, w) for w in ("allergies", "medications", "vital-signs")]
    assert (one["allergy_definition"], one["reaction"]) == ({"id": PENICILLIN, "name": "Penicillin"}, "Hives")
    assert (two["med_descript"], two["status"]) == ("Naltrexone", "active")
    assert (three["date_taken"], three["temperature_f"]) == ("2026-02-03", "98.60")
    assert pushed.links == {"AllergyIntolerance/a1": one["id"], "MedicationStatement/m1": two["id"],
                            "Observation/v1": three["id"]}  # fmt: skip
    world.calls.clear()
    assert (await world.push(full, after(pushed))).left_out == ()
    assert [call.method for call in world.calls] == ["GET"], "the patient alone is looked at"


@pytest.mark.parametrize("answers", range(2, 5))
async def test_a_push_cut_after_any_answer_makes_nothing_twice(world: World, answers: int) -> None:
    full = chart(allergy(), medication(status="on-hold"))
    world.answers = answers
    with pytest.raises(Cut):
        await world.push(full, LINK)
    world.answers = 100
    pushed = await world.push(full, LINK)
    assert [len(await there(world, pushed.external_id, what)) for what in ("allergies", "medications")] == [1, 1]
    (made,) = await there(world, pushed.external_id, "medications")
    assert made["status"] == "on_hold"


async def test_only_what_the_chart_changed_is_sent_and_staffs_changes_stay(world: World) -> None:
    pushed = await world.push(chart(allergy(**reaction("Hives"), lastOccurrence="2020-01-01")), LINK)
    (made,) = await there(world, pushed.external_id, "allergies")
    place = f"/patients/{pushed.external_id}/allergies/{made['id']}"
    await world.api("PATCH", place, {"severity": "severe", "base_version": 1})
    world.calls.clear()
    again = await world.push(chart(allergy(**reaction("Wheals"))), after(pushed))
    (call,) = [call for call in world.calls if call.method == "PATCH"]
    assert call.json == {"reaction": "Wheals", "date_adverse_reaction": None, "base_version": 2}
    (found,) = await there(world, pushed.external_id, "allergies")
    assert (found["reaction"], found["severity"], found["date_adverse_reaction"]) == ("Wheals", "severe", None)
    assert again.records["AllergyIntolerance/a1"]["reaction"] == "Wheals"


async def test_what_the_emr_spells_in_its_own_way_is_said_once(world: World) -> None:
    pushed = await world.push(chart(allergy(**reaction("Hives"))), LINK)
    original = world.make

    async def shouting(call: Any) -> Any:
        reply = await original(call)
        return replace(reply, body=reply.body.replace(b"Wheals", b"WHEALS")) if call.method == "PATCH" else reply

    world.make = shouting  # type: ignore[method-assign]
    world.calls.clear()
    await world.push(chart(allergy(**reaction("Wheals"))), after(pushed))
    assert [call.method for call in world.calls].count("PATCH") == 1


@pytest.mark.parametrize(("conflict", "said"), [("emr", "Blisters"), ("crm", "Wheals")])
async def test_what_both_changed_goes_by_the_setting(world: World, conflict: str, said: str) -> None:
    world.account = account(DEFINITIONS, conflict=conflict)
    pushed = await world.push(chart(allergy(**reaction("Hives"))), LINK)
    (made,) = await there(world, pushed.external_id, "allergies")
    place = f"/patients/{pushed.external_id}/allergies/{made['id']}"
    await world.api("PATCH", place, {"reaction": "Blisters", "base_version": 1})
    again = await world.push(chart(allergy(**reaction("Wheals"))), after(pushed))
    (found,) = await there(world, pushed.external_id, "allergies")
    assert found["reaction"] == said
    assert [out.expression for out in again.left_out] == (["AllergyIntolerance/a1"] if conflict == "emr" else [])


async def test_one_conflict_is_read_again_and_merged(world: World) -> None:
    pushed = await world.push(chart(allergy()), LINK)
    original, raced = world.make, list[Any]()

    async def racing(call: Any) -> Any:
        if call.method == "PATCH" and not raced:
            raced.append(call)
            await world.api("PATCH", call.path.removeprefix("/api/v1/demo"), {"severity": "mild", "base_version": 1})
        return await original(call)

    world.make = racing  # type: ignore[method-assign]
    await world.push(chart(allergy(**reaction("Wheals"))), after(pushed))
    (found,) = await there(world, pushed.external_id, "allergies")
    assert (found["reaction"], found["severity"], found["version"]) == ("Wheals", "mild", 3)


@pytest.mark.parametrize(
    "away",
    [
        {"extension": [{"url": extension_url("archived-at"), "valueDateTime": "2026-03-01T10:00:00Z"}]},
        {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}, "clinicalStatus": None},
    ],
)
async def test_what_is_out_of_use_is_put_away_once_and_never_made(world: World, away: Json) -> None:
    gone = {name: value for name, value in allergy(**away).items() if value is not None}
    assert (await world.push(chart(gone), LINK)).links == {}
    pushed = await world.push(chart(allergy()), LINK)
    world.calls.clear()
    again = await world.push(chart(gone), after(pushed))
    assert writes(world) == [("POST", f"allergies/{pushed.links['AllergyIntolerance/a1']}/archive")]
    assert await there(world, pushed.external_id, "allergies") == []
    world.calls.clear()
    await world.push(chart(gone), replace(after(pushed), records={**pushed.records, **again.records}))
    assert writes(world) == []


async def test_a_chart_is_complete_before_its_patient_goes_to_the_archive(world: World) -> None:
    status = {"url": extension_url("patient-status"), "valueCode": "archived"}
    pushed = await world.push(chart(), LINK)
    full = replace(chart(allergy()), patient=patient(active=False, extension=[status]))
    again = await world.push(full, after(pushed))
    assert (again.left_out, list(again.links)) == ((), ["AllergyIntolerance/a1"])
    assert (await world.patient(pushed.external_id))["status"] == "archived"


async def test_what_staff_have_put_away_is_not_brought_back(world: World) -> None:
    pushed = await world.push(chart(allergy()), LINK)
    (made,) = await there(world, pushed.external_id, "allergies")
    await world.api("POST", f"/patients/{pushed.external_id}/allergies/{made['id']}/archive")
    again = await world.push(chart(allergy(**reaction("Wheals"))), after(pushed))
    assert [out.expression for out in again.left_out] == ["AllergyIntolerance/a1"]


async def test_an_allergy_outside_the_catalogue_is_named_and_stops_nothing(world: World) -> None:
    pushed = await world.push(chart(allergy("Moon dust"), allergy("Latex", "a2")), LINK)
    (out,) = pushed.left_out
    assert (out.expression, out.notable) == ("AllergyIntolerance/a1", True)
    assert "mapping set" in out.reason
    assert "Moon" not in out.reason
    assert list(pushed.links) == ["AllergyIntolerance/a2"]


async def test_an_entry_that_was_pulled_needs_no_mapping(world: World) -> None:
    world.account = account()
    extension = {"url": extension_url("allergy-definition"), "valueReference": {"reference": "Substance/s1"}}
    system = world.account.system("id")
    known = {"Substance/s1": {"resourceType": "Substance", "identifier": [{"system": system, "value": LATEX}]}}
    pushed = await world.push(chart(allergy(extension=[extension]), referenced=known), LINK)
    (made,) = await there(world, pushed.external_id, "allergies")
    assert made["allergy_definition"]["id"] == LATEX


async def test_a_quantity_in_another_unit_is_carried_and_one_that_is_unknown_is_named(world: World) -> None:
    pushed = await world.push(chart(vitals(("8310-5", "37", "Cel"), ("29463-7", "80", "stones"))), LINK)
    (found,) = await there(world, pushed.external_id, "vital-signs")
    assert (found["temperature_f"], found["weight_lbs"]) == ("98.6", None)
    assert {out.expression.partition(".component")[2][:3] for out in pushed.left_out} == {"[1]"}


async def test_what_is_no_vital_sign_and_no_source_is_named(world: World) -> None:
    order = {"resourceType": "ServiceRequest", "id": "s1", "subject": SUBJECT, "status": "active", "intent": "order"}
    person = {"resourceType": "RelatedPerson", "id": "r1", "patient": SUBJECT}
    pushed = await world.push(chart(vitals(category=[{"coding": [{"code": "laboratory"}]}]), order, person), LINK)
    assert [out.expression for out in pushed.left_out] == ["Observation/v1", "ServiceRequest/s1", "RelatedPerson/r1"]
    assert writes(world) == [("POST", ""), ("POST", "")] or pushed.links == {}
