"""Communication logs, relationships, attributions, custom fields and the practice's catalogues, over both faces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.canonical import extension_url
from gateway.services import Services
from tests.gateway.conftest import Fhir
from tests.security.world import STAFF, World
from tests.translators.internal.face.api import ABSENT, Api, Catalogue, expected, places, refused

Made = dict[str, Any]


async def written(client: Fhir, resource: Made) -> Made:
    answer = await client.ask("POST", resource["resourceType"], resource)
    assert answer.status_code == 201, answer.text
    made: Made = answer.json()
    return made


# --- communication logs ------------------------------------------------------------------------------------------


async def test_a_log_entry_is_a_communication_that_nobody_changes(api: Api, client: Fhir, catalogue: Catalogue) -> None:
    patient = await api.patient()
    place = f"/patients/{patient['id']}/communication-logs"
    body = {
        "communication_datetime": "2026-03-04T10:00:00-05:00",
        "direction": "received",
        "mode": "text",
        "note": "Will be late",
        "communication_type_uuid": catalogue.communication_type,
    }
    made = await api.post(place, body)
    assert made["communication_source"] == "user"
    assert made["communication_type"] == {"id": catalogue.communication_type, "name": "Reminder"}
    assert await api.items(place) == [made]
    entry = (await client.ask("GET", f"Communication/{made['id']}")).json()
    assert entry["received"]
    assert "sent" not in entry
    assert entry["medium"][0]["coding"][0]["code"] == "SMSWRIT"
    changed = {**entry, "payload": [{"contentString": "Came early"}]}
    for method, more in (("PUT", changed), ("DELETE", None)):
        answer = await client.ask(method, f"Communication/{made['id']}", more)
        assert answer.status_code == 422, answer.text
        assert "append-only" in answer.json()["issue"][0]["diagnostics"]
    assert (await client.ask("PUT", f"Communication/{made['id']}", entry)).status_code == 200
    assert await api.items(place) == [made]


async def test_who_is_signed_in_has_entered_it(api: Api, client: Fhir, services: Services) -> None:
    """And is not the sender of what a patient has said."""
    patient = await api.patient()
    await client.ask(
        "PUT", "Practitioner/p", {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Tomas Reyl"}]}
    )
    signed_in = Api(api.http, World(api.http, services).caller("user/*.cruds", **STAFF).token)
    body = {"communication_datetime": "2026-03-04T10:00:00Z", "direction": "received"}
    made = await signed_in.post(f"/patients/{patient['id']}/communication-logs", body)
    assert made["created_by"] == {"id": "p", "name": "Tomas Reyl"}
    assert "sender" not in (await client.ask("GET", f"Communication/{made['id']}")).json()


async def test_filters_of_the_log(api: Api, client: Fhir) -> None:
    patient = await api.patient()
    reference = {"reference": f"Patient/{patient['id']}"}
    place = f"/patients/{patient['id']}/communication-logs"
    for day, direction, mode in (
        ("01", "sent", "phone"),
        ("02", "received", "mail"),
        ("03", "neither", None),
        ("04", None, "fax"),
    ):
        body = {"communication_datetime": f"2026-03-{day}T10:00:00Z", "direction": direction, "mode": mode}
        await api.post(place, {**body, "note": f"Day {day}: Crown"})
    entry = {"resourceType": "Communication", "status": "completed", "subject": reference, "sender": reference}
    await written(client, {**entry, "sent": "2026-03-05T10:00:00Z"})
    await written(client, {**entry, "sender": {"reference": "Practitioner/1"}, "sent": "2026-03-06T10:00:00Z"})
    await written(client, {**entry, "status": "entered-in-error", "sent": "2026-03-07T10:00:00Z"})

    async def days(**query: Any) -> str:
        return " ".join(each["communication_datetime"][9:10] for each in await api.items(place, **query))

    assert await days() == "6 5 4 3 2 1"
    assert await days(direction="sent") == "6 1"
    assert await days(direction="received") == "5 2"
    assert await days(direction="neither") == "3"
    assert {
        each["direction"] for each in await api.items(place, date_from="2026-03-04", date_to="2026-03-04T23:00:00Z")
    } == {None}
    assert await days(date_from="2026-03-02", date_to="2026-03-03") == "3 2"
    assert await days(date_to="2026-03-02T10:00:00Z") == "2 1"
    assert await days(mode="fax") == "4"
    assert await days(mode="mail") == "2"
    assert await days(communication_source="integration") == "6 5"
    assert await days(communication_source="user") == "4 3 2 1"
    assert await days(communication_source="automated") == ""
    assert await days(q="02: cr") == "2"
    assert await days(q="crown", page_size=2, page=2) == "2 1"
    assert await days(q="a,b|c") == ""


# --- relationships -----------------------------------------------------------------------------------------------


async def test_a_relationship_is_a_related_person_of_the_other_patient(api: Api, client: Fhir) -> None:
    mother, child = await api.patient("Odalys"), await api.patient("Una")
    place = f"/patients/{mother['id']}/relationships"
    made = await api.post(place, {"to_patient_uuid": child["id"], "relationship_type": "parent", "is_guardian": True})
    assert (made["from_patient_name"], made["to_patient_name"]) == ("Odalys Halloway", "Una Halloway")
    person = (await client.ask("GET", f"RelatedPerson/{made['id']}")).json()
    assert person["patient"]["reference"] == f"Patient/{child['id']}"
    assert person["name"] == [{"text": "Odalys Halloway"}]
    assert [each["coding"][0]["code"] for each in person["relationship"]] == ["PRN", "GUARD"]
    assert await api.items(place) == [made]
    assert await api.get(f"/patients/{mother['id']}/dependents") == [made]
    assert await api.get(f"/patients/{child['id']}/guardians") == [made]
    assert await api.get(f"/patients/{child['id']}/dependents") == []
    assert await api.items(f"/patients/{child['id']}/relationships") == []
    person["relationship"][0]["coding"][0] = {
        **person["relationship"][0]["coding"][0],
        "code": "MTH",
        "display": "mother",
    }
    assert (await client.ask("PUT", f"RelatedPerson/{made['id']}", person)).status_code == 200
    changed = await api.patch(f"{place}/{made['id']}", {"base_version": 2, "is_guardian": False, "note": "Moved"})
    assert (changed["is_guardian"], changed["relationship_type"], changed["note"]) == (False, "parent", "Moved")
    assert await api.get(f"/patients/{child['id']}/guardians") == []
    assert refused(await api.ask("PATCH", f"{place}/{made['id']}", {"base_version": 2}), 409)
    gone = await api.post(f"{place}/{made['id']}/archive", None, 200)
    assert gone["deleted_at"] == gone["updated_at"]
    assert await api.items(place) == []
    assert (await client.ask("GET", f"RelatedPerson/{made['id']}")).json()["active"] is False
    assert refused(await api.ask("POST", f"{place}/{made['id']}/archive"), 404) == "Relationship not found."


async def test_a_merge_links_both_charts_until_it_is_archived(api: Api, client: Fhir) -> None:
    old, new = await api.patient("Odalys"), await api.patient("Odalys")
    place = f"/patients/{old['id']}/relationships"
    made = await api.post(place, {"to_patient_uuid": new["id"], "relationship_type": "merge"})

    async def link(id: str) -> Any:
        return (await client.ask("GET", f"Patient/{id}")).json().get("link")

    assert await link(old["id"]) == [{"other": {"reference": f"Patient/{new['id']}"}, "type": "replaced-by"}]
    assert await link(new["id"]) == [{"other": {"reference": f"Patient/{old['id']}"}, "type": "replaces"}]
    await api.patch(f"{place}/{made['id']}", {"base_version": 1, "relationship_type": "clone"})
    assert [each["type"] for each in (*await link(old["id"]), *await link(new["id"]))] == ["seealso", "seealso"]
    await api.post(f"{place}/{made['id']}/archive", None, 200)
    assert (await link(old["id"]), await link(new["id"])) == (None, None)


async def test_a_relationship_is_with_another_patient_who_is_there(api: Api) -> None:
    patient = await api.patient()
    place = f"/patients/{patient['id']}/relationships"
    body = {"to_patient_uuid": ABSENT, "relationship_type": "spouse"}
    assert refused(await api.ask("POST", place, body), 404) == "Target patient not found."
    assert places(await api.ask("POST", place, {**body, "to_patient_uuid": patient["id"]})) == {"body.to_patient_uuid"}
    assert places(await api.ask("POST", place, {**body, "relationship_type": "twin"})) == {"body.relationship_type"}


# --- referral attributions -----------------------------------------------------------------------------------------


async def test_attributions_name_one_source_and_one_is_primary(api: Api, client: Fhir, catalogue: Catalogue) -> None:
    patient, friend = await api.patient(), await api.patient("Ilse")
    place = f"/patients/{patient['id']}/referral-attributions"
    sources = {
        "referral_source": catalogue.source,
        "referral_partner": catalogue.employer,
        "provider": catalogue.provider,
        "referring_patient": friend["id"],
    }
    made = [await api.post(place, {f"{name}_uuid": id}) for name, id in sources.items()]
    assert [[name for name in sources if each[name]] for each in made] == [[name] for name in sources]
    assert await api.items(place) == made
    for body in ({}, {"provider_uuid": catalogue.provider, "referral_source_uuid": catalogue.source}):
        assert places(await api.ask("POST", place, body))
    primary = await api.post(
        place, {"referral_source_uuid": catalogue.source, "attribution_role": "primary", "source_note": "TV"}
    )
    again = {"provider_uuid": catalogue.provider, "attribution_role": "primary"}
    assert refused(await api.ask("POST", place, again), 409) == "The patient has a primary attribution already"
    change = {"base_version": 1, "attribution_role": "primary"}
    assert refused(await api.ask("PATCH", f"{place}/{made[0]['id']}", change), 409)
    kept = await api.patch(f"{place}/{primary['id']}", {**change, "source_note": None})
    assert (kept["attribution_role"], kept["source_note"]) == ("primary", None)
    request = (await client.ask("GET", f"ServiceRequest/{primary['id']}")).json()
    assert request["category"][0]["coding"][0]["code"] == "inbound-referral"
    assert "note" not in request
    archive = f"{place}/{primary['id']}/archive"
    assert refused(await api.ask("POST", archive, base_version=1), 409)
    assert expected(await api.ask("POST", archive, base_version=2), 204) is None
    assert (await client.ask("GET", f"ServiceRequest/{primary['id']}")).json()["status"] == "revoked"
    assert (await api.patch(f"{place}/{made[0]['id']}", change))["attribution_role"] == "primary"
    assert refused(await api.ask("POST", archive, base_version=3), 404) == "Referral attribution not found."


async def test_of_two_primary_attributions_at_once_one_is_refused(api: Api, catalogue: Catalogue) -> None:
    patient = await api.patient()
    place = f"/patients/{patient['id']}/referral-attributions"
    body = {"provider_uuid": catalogue.provider, "attribution_role": "primary"}
    answers = await asyncio.gather(*(api.ask("POST", place, body) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]


async def test_referrals_of_another_kind_are_no_attributions(api: Api, client: Fhir) -> None:
    patient = await api.patient()
    request = {"resourceType": "ServiceRequest", "status": "active", "intent": "order"}
    made = await written(client, {**request, "subject": {"reference": f"Patient/{patient['id']}"}})
    place = f"/patients/{patient['id']}/referral-attributions"
    assert await api.items(place) == []
    assert refused(await api.ask("PATCH", f"{place}/{made['id']}", {"base_version": 1}), 404)


async def test_a_note_that_somebody_has_signed_is_cleared_as_a_whole(api: Api, client: Fhir) -> None:
    patient, friend = await api.patient(), await api.patient("Ilse")
    place = f"/patients/{patient['id']}/referral-attributions"
    made = await api.post(place, {"referring_patient_uuid": friend["id"], "source_note": "Rang"})
    request = (await client.ask("GET", f"ServiceRequest/{made['id']}")).json()
    request["note"] = [{"text": "Wrote", "authorString": "Front desk"}, {"text": "Rang"}]
    assert (await client.ask("PUT", f"ServiceRequest/{made['id']}", request)).status_code == 200
    assert [each["source_note"] for each in await api.items(place)] == ["Wrote"]
    await api.patch(f"{place}/{made['id']}", {"base_version": 2, "source_note": None})
    assert (await client.ask("GET", f"ServiceRequest/{made['id']}")).json()["note"] == [{"text": "Rang"}]


# --- custom fields -------------------------------------------------------------------------------------------------


async def test_values_of_custom_fields(api: Api, client: Fhir) -> None:
    patient = await api.patient()
    place, kinds = f"/patients/{patient['id']}/field-values", ("text", "number", "date", "boolean", "dropdown")
    made = [
        await api.post(
            "/patient-field-definitions",
            {"name": f"The {kind}", "field_type": kind, "item_order": order}
            | ({"dropdown_options": ["North", "South"]} if kind == "dropdown" else {}),
        )
        for order, kind in enumerate(kinds)
    ]
    ids = [each["id"] for each in made]
    values = ["Oboe", 12, "2026-03-04", False, "South"]
    rows = [{"field_definition_uuid": id, "value": value} for id, value in zip(ids, values, strict=True)]
    answer = expected(await api.ask("PUT", place, {"fields": rows}), 200)
    assert [each["value"] for each in answer] == values
    assert await api.items(place) == answer
    extensions = (await client.ask("GET", f"Patient/{patient['id']}")).json()["extension"]
    assert [list(each["extension"][2])[1] for each in extensions if each["url"] == extension_url("custom-field")] == [
        "valueString", "valueInteger", "valueDate", "valueBoolean", "valueString"
    ]  # fmt: skip
    wrong = [3, "x", "2026-02-30", "yes", "West"]
    rows = [{"field_definition_uuid": id, "value": value} for id, value in zip(ids, wrong, strict=True)]
    refusal = await api.ask("PUT", place, {"fields": rows})
    assert places(refusal) == {f"body.fields.{index}.value" for index in range(5)}
    assert refusal.json()["detail"][0]["loc"] == ["body", "fields", 0, "value"]
    rows = [{"field_definition_uuid": ids[0], "value": None}, {"field_definition_uuid": ABSENT, "value": 1}]
    assert refused(await api.ask("PUT", place, {"fields": rows}), 404) == "Field definition not found."
    body = (
        b'{"fields": [{"field_definition_uuid": "%s", "value": 1.50}, {"field_definition_uuid": "%s", "value": null}]}'
    )
    answer = await api.ask("PUT", place, body % (ids[1].encode(), ids[0].encode()))
    assert [each["value"] for each in expected(answer, 200)] == [1.5, None]
    assert b'"valueDecimal":1.50' in (await client.ask("GET", f"Patient/{patient['id']}")).content
    assert [each["value"] for each in await api.items(place)] == [1.5, "2026-03-04", False, "South"]
    assert (await api.get(place, page_size=1, page=2))["total"] == 4
    await api.post(f"/patient-field-definitions/{ids[2]}/archive", {"base_version": 1}, 200)
    form = (await api.get(f"{place}/form"))["items"]
    assert [(each["name"], each["value"]) for each in form] == [
        ("The text", None), ("The number", 1.5), ("The boolean", False), ("The dropdown", "South")
    ]  # fmt: skip


async def test_a_field_that_an_emr_has_written_is_known_by_its_name(api: Api, client: Fhir) -> None:
    made = await api.post("/patient-field-definitions", {"name": "occupation", "field_type": "text"})
    parts = [{"url": "name", "valueString": "occupation"}, {"url": "value", "valueString": "Baker"}]
    other = [{"url": "name", "valueString": "shoe"}, {"url": "value", "valueDecimal": 41.5}]
    extension = [{"url": extension_url("custom-field"), "extension": each} for each in (parts, other)]
    patient = await written(client, {"resourceType": "Patient", "extension": extension})
    place = f"/patients/{patient['id']}/field-values"
    assert [(each["field_definition_uuid"], each["value"]) for each in await api.items(place)] == [
        (made["id"], "Baker")
    ]
    rows = [{"field_definition_uuid": made["id"], "value": "Miller"}]
    expected(await api.ask("PUT", place, {"fields": rows}), 200)
    after = (await client.ask("GET", f"Patient/{patient['id']}")).json()["extension"]
    assert [each["extension"][1:] for each in after][1] == other[1:]
    assert len(after) == 2
    assert [each["value"] for each in await api.items(place)] == ["Miller"]


# --- catalogues ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more", "change"),
    [
        (
            "alert",
            {"category": "Desk", "default_scope": "family", "default_is_urgent": True},
            {"default_scope": "patient"},
        ),
        (
            "field",
            {"field_type": "dropdown", "dropdown_options": ["A", "B"], "is_required": True},
            {"dropdown_options": ["B"]},
        ),
        ("tag", {"category": "Desk", "color": "#2f6f4f"}, {"color": None, "category": None}),
    ],
)
async def test_a_definition_lives(api: Api, client: Fhir, kind: str, more: Made, change: Made) -> None:
    place = f"/patient-{kind}-definitions"
    made = await api.post(place, {"name": "Fall risk", "description": "Two\nlines", "item_order": 2, **more})
    assert made.items() >= {"name": "Fall risk", "description": "Two\nlines", "item_order": 2, **more}.items()
    assert await api.get(f"{place}/{made['id']}") == made
    first = await api.post(
        place, {"name": "Zebra", "item_order": 1, **({"field_type": "text"} if kind == "field" else {})}
    )
    assert [each["name"] for each in await api.items(place)] == ["Zebra", "Fall risk"]
    assert [each["name"] for each in await api.items(place, search="RISK fal")] == ["Fall risk"]
    if kind != "field":
        assert [each["name"] for each in await api.items(place, category="Desk")] == ["Fall risk"]
    basic = (await client.ask("GET", f"Basic/{made['id']}")).json()
    assert basic["code"]["coding"][0]["code"] == f"{kind}-definition"
    changed = await api.patch(f"{place}/{made['id']}", {"base_version": 1, **change})
    assert changed.items() >= change.items()
    assert changed["version"] == 2
    assert refused(await api.ask("PATCH", f"{place}/{made['id']}", {"base_version": 1, "name": "x"}), 409)
    assert refused(await api.ask("POST", f"{place}/{made['id']}/archive", {"base_version": 1}), 409)
    archived = await api.post(f"{place}/{made['id']}/archive", {"base_version": 2}, 200)
    assert archived["deleted_at"] == archived["updated_at"]
    assert await api.items(place) == [first]
    assert await api.get(f"{place}/{made['id']}") == archived
    assert refused(await api.ask("PATCH", f"{place}/{made['id']}", {"base_version": 3}), 404)
    other = {"alert": "field", "field": "tag", "tag": "alert"}[kind]
    assert refused(await api.ask("GET", f"/patient-{other}-definitions/{first['id']}"), 404)


async def test_a_dropdown_has_options(api: Api) -> None:
    place, wrong = "/patient-field-definitions", {"body.dropdown_options"}
    empty: tuple[list[str] | None, ...] = (None, [])
    for options in empty:
        body = {"name": "Shuttle", "field_type": "dropdown", "dropdown_options": options}
        assert places(await api.ask("POST", place, body)) == wrong
    made = await api.post(place, {"name": "Shuttle", "field_type": "text"})
    one = f"{place}/{made['id']}"
    assert places(await api.ask("PATCH", one, {"base_version": 1, "field_type": "dropdown"})) == wrong
    await api.patch(one, {"base_version": 1, "field_type": "dropdown", "dropdown_options": ["North"]})
    assert places(await api.ask("PATCH", one, {"base_version": 2, "dropdown_options": None})) == wrong
    assert (await api.patch(one, {"base_version": 2, "field_type": "date", "dropdown_options": None}))["version"] == 3


async def test_a_definition_of_another_system_is_shown_by_what_it_says(api: Api, client: Fhir) -> None:
    coding = [{"system": "https://crosswalk.example/fhir/CodeSystem/catalogue", "code": "alert-definition"}]
    made = await written(client, {"resourceType": "Basic", "code": {"coding": coding, "text": "Mask"}})
    [shown] = await api.items("/patient-alert-definitions")
    assert (shown["id"], shown["name"], shown["item_order"]) == (made["id"], "Mask", 0)
    assert (shown["default_scope"], shown["default_is_urgent"]) == ("patient", False)
