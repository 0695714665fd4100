"""Alerts, over both faces."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import extension_url
from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import ABSENT, Api, expected, places, refused

PRIORITY = "http://hl7.org/fhir/StructureDefinition/flag-priority"


@pytest.fixture
async def definition(api: Api) -> dict[str, Any]:
    made: dict[str, Any] = await api.post("/patient-alert-definitions", {"name": "Fall risk"})
    return made


async def alert(api: Api, patient: dict[str, Any], definition: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"alert_definition_uuid": definition["id"], **more}
    made: dict[str, Any] = await api.post(f"/patients/{patient['id']}/alerts", body)
    return made


async def test_an_alert_is_a_flag(api: Api, client: Fhir, definition: dict[str, Any]) -> None:
    patient = await api.patient()
    made = await alert(api, patient, definition, is_urgent=True, note="Rail", disable_on="2027-01-31")
    assert made["alert_definition"] == {"id": definition["id"], "name": "Fall risk"}
    assert made["patient"] == {"id": patient["id"], "name": "Wren Halloway"}
    assert (made["status"], made["alert_scope"], made["is_urgent"], made["version"]) == ("active", "patient", True, 1)
    flag = (await client.ask("GET", f"Flag/{made['id']}")).json()
    assert flag["subject"]["reference"] == f"Patient/{patient['id']}"
    assert (flag["status"], flag["code"], flag["period"]) == (
        "active",
        {"text": "Fall risk"},
        {"end": "2027-01-31"},
    )
    assert PRIORITY in {each["url"] for each in flag["extension"]}
    flag["status"] = "inactive"
    flag["extension"] = [each for each in flag["extension"] if each["url"] != PRIORITY]
    assert (await client.ask("PUT", f"Flag/{made['id']}", flag)).status_code == 200
    [shown] = await api.items(f"/patients/{patient['id']}/alerts")
    assert (shown["status"], shown["is_urgent"], shown["version"], shown["note"]) == ("disabled", False, 2, "Rail")


async def test_a_flag_of_another_system_is_shown_for_what_it_is(api: Api, client: Fhir) -> None:
    patient = await api.patient()
    flag = {"resourceType": "Flag", "status": "active", "subject": {"reference": f"Patient/{patient['id']}"}}
    await client.ask(
        "POST", "Flag", {**flag, "code": {"coding": [{"system": "urn:x", "code": "7", "display": "Mask"}]}}
    )
    [shown] = await api.items(f"/patients/{patient['id']}/alerts")
    assert (shown["status"], shown["alert_scope"], shown["is_urgent"]) == ("active", "patient", False)
    assert (shown["alert_definition"]["name"], shown["note"]) == ("Mask", None)
    place = f"/patients/{patient['id']}/alerts"
    body = {"alert_definition_uuid": shown["alert_definition"]["id"]}
    assert refused(await api.ask("POST", place, body), 404) == "Alert definition not found."
    changed = await api.patch(f"{place}/{shown['id']}", {"base_version": 1, "is_urgent": True, "note": "Blue ones"})
    assert (changed["alert_definition"], changed["is_urgent"]) == (shown["alert_definition"], True)
    assert (await client.ask("GET", f"Flag/{shown['id']}")).json()["code"]["coding"][0]["code"] == "7"


async def test_stages_of_an_alert(api: Api, definition: dict[str, Any]) -> None:
    patient = await api.patient()
    made = await alert(api, patient, definition)
    place = f"/patients/{patient['id']}/alerts/{made['id']}"
    assert refused(await api.ask("POST", f"{place}/disable", {"base_version": 9}), 409)
    disabled = await api.post(f"{place}/disable", {"base_version": 1}, 200)
    assert disabled["status"] == "disabled"
    assert disabled["date_disabled"] == disabled["updated_at"]
    assert await api.post(f"{place}/disable", {"base_version": 2}, 200) == disabled
    again = await api.patch(place, {"base_version": 2, "status": "active"})
    assert (again["status"], again["date_disabled"]) == ("active", None)
    archived = await api.post(f"{place}/archive", None, 200)
    assert archived["status"] == "archived"
    assert await api.items(f"/patients/{patient['id']}/alerts") == []
    assert await api.items(f"/patients/{patient['id']}/alerts", status="archived") == [archived]
    assert refused(await api.ask("POST", f"{place}/disable", {"base_version": archived["version"]}), 409)
    assert await api.post(f"{place}/archive", None, 200) == archived


@pytest.mark.parametrize("status", ["active", "disabled", "archived"])
async def test_the_filter_finds_what_is_shown_with_that_status(
    api: Api, client: Fhir, definition: dict[str, Any], status: str
) -> None:
    patient = await api.patient()
    exact = {"url": extension_url("alert-status"), "valueCode": "archived"}
    for code in ("active", "inactive", "entered-in-error"):
        for extension in ([], [exact]):
            flag = {"resourceType": "Flag", "status": code, "code": {"text": "Mask"}, "extension": extension}
            flag = {name: value for name, value in flag.items() if value}
            flag["subject"] = {"reference": f"Patient/{patient['id']}"}
            assert (await client.ask("POST", "Flag", flag)).status_code == 201
    shown = list(await api.items(f"/patients/{patient['id']}/alerts", status=status))
    assert [each["status"] for each in shown] == [status] * {"active": 2, "disabled": 1, "archived": 3}[status]
    assert len(await api.items(f"/patients/{patient['id']}/alerts")) == 3


async def test_alerts_of_the_family_are_shown_on_demand(api: Api, definition: dict[str, Any]) -> None:
    guarantor = await api.patient("Odalys")
    one, two = [await api.patient(name, responsible_party_uuid=guarantor["id"]) for name in ("Una", "Dov")]
    stranger = await api.patient("Ilse")
    shared = [await alert(api, each, definition, alert_scope="family") for each in (guarantor, two, stranger)]
    own = await alert(api, one, definition)
    await alert(api, two, definition)
    listed = await api.get(f"/patients/{one['id']}/alerts", include_family=True)
    assert [each["id"] for each in listed["items"]] == [own["id"], shared[1]["id"], shared[0]["id"]]
    assert listed["total"] == 3
    assert [each["id"] for each in await api.items(f"/patients/{one['id']}/alerts")] == [own["id"]]
    members = await api.get(f"/patients/{one['id']}/family")
    assert [each["id"] for each in members] == [guarantor["id"], two["id"]]
    assert [each["id"] for each in await api.get(f"/patients/{guarantor['id']}/family")] == [two["id"], one["id"]]
    assert await api.get(f"/patients/{stranger['id']}/family") == []


async def test_dismissing_is_all_or_nothing(api: Api, definition: dict[str, Any]) -> None:
    patient, other = await api.patient(), await api.patient("Ilse")
    mine = [await alert(api, patient, definition) for _ in range(3)]
    theirs = await alert(api, other, definition)
    place = f"/patients/{patient['id']}/alerts"
    await api.post(f"{place}/{mine[0]['id']}/archive", None, 200)
    for wrong in (theirs["id"], ABSENT):
        asked = {"alert_uuids": [mine[1]["id"], wrong]}
        assert refused(await api.ask("POST", f"{place}/bulk-dismiss", asked), 404) == "Alert not found."
    assert len(await api.items(place)) == 2
    assert places(await api.ask("POST", f"{place}/bulk-dismiss", {"alert_uuids": [mine[0]["id"]] * 51}))
    asked = {"alert_uuids": [each["id"] for each in mine]}
    assert expected(await api.ask("POST", f"{place}/bulk-dismiss", asked), 204) is None
    archived = await api.items(place, status="archived")
    assert [each["version"] for each in archived] == [2, 2, 2]


async def test_what_is_not_there_is_not_found(api: Api, definition: dict[str, Any]) -> None:
    patient = await api.patient()
    place = f"/patients/{patient['id']}/alerts"
    assert refused(await api.ask("GET", f"/patients/{ABSENT}/alerts"), 404) == "Patient not found."
    body = {"alert_definition_uuid": ABSENT}
    assert refused(await api.ask("POST", place, body), 404) == "Alert definition not found."
    await api.post(f"/patient-alert-definitions/{definition['id']}/archive", {"base_version": 1}, 200)
    body = {"alert_definition_uuid": definition["id"]}
    assert refused(await api.ask("POST", place, body), 404) == "Alert definition not found."
    assert places(await api.ask("POST", place, {**body, "alert_scope": "street"})) == {"body.alert_scope"}
