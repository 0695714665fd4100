"""Archiving, restoring and the lifecycle, from both sides."""

from __future__ import annotations

from itertools import product
from typing import Any

from gateway.canonical import extension_url
from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import Api, places, refused

STATUSES = ("active", "archived", "deceased", "inactive", "prospective")
ALLOWED = {("prospective", "active"), ("active", "inactive"), ("active", "deceased"), ("inactive", "active")}


async def ids(api: Api, **query: Any) -> list[str]:
    return [each["id"] for each in await api.items("/patients", **query)]


async def archive(api: Api, patient: dict[str, Any]) -> dict[str, Any]:
    archived: dict[str, Any] = await api.post(f"/patients/{patient['id']}/archive", status=200)
    return archived


async def test_only_the_allowed_transitions_are_made(api: Api) -> None:
    for start, goal in product(STATUSES, STATUSES):
        made = await api.patient(status=start)
        sent = {"base_version": 1, "new_status": goal}
        answer = await api.ask("POST", f"/patients/{made['id']}/transition-status", sent)
        if start == "archived":
            assert refused(answer, 404)
        elif (start, goal) in ALLOWED:
            assert (answer.json()["status"], answer.json()["version"]) == (goal, 2)
            assert answer.json()["scheduling_restricted"] == (goal == "inactive")
        else:
            assert places(answer) == {"body.new_status"}
        expected = goal if (start, goal) in ALLOWED else start
        assert (await api.get(f"/patients/{made['id']}"))["status"] == expected


async def test_a_transition_of_a_stale_version_is_a_conflict(api: Api) -> None:
    made = await api.patient()
    await api.patch(f"/patients/{made['id']}", {"base_version": 1, "city": "A"})
    sent = {"base_version": 1, "new_status": "inactive"}
    assert refused(await api.ask("POST", f"/patients/{made['id']}/transition-status", sent), 409)


async def test_who_is_archived_is_hidden_and_comes_back_as_inactive(api: Api, client: Fhir) -> None:
    made = await api.patient()
    archived = await archive(api, made)
    assert (archived["status"], archived["version"]) == ("archived", 2)
    assert archived["deleted_at"] == archived["updated_at"]
    assert (await ids(api), await ids(api, status="archived")) == ([], [made["id"]])
    assert (await api.get("/patients/search", q="hallo"))["items"] == []
    assert (await api.get(f"/patients/{made['id']}"))["status"] == "archived", "it can be looked at"
    resource = (await client.ask("GET", f"Patient/{made['id']}")).json()
    told = {each["url"]: each for each in resource["extension"]}
    assert resource["active"] is False
    assert told[extension_url("patient-status")]["valueCode"] == "archived"
    assert told[extension_url("archived-at")]["valueDateTime"] == archived["deleted_at"]
    assert refused(await api.ask("PATCH", f"/patients/{made['id']}", {"base_version": 2, "city": "A"}), 404)
    assert refused(await api.ask("POST", f"/patients/{made['id']}/archive"), 404)
    restored = await api.post(f"/patients/{made['id']}/restore", status=200)
    assert (restored["status"], restored["deleted_at"], restored["version"]) == ("inactive", None, 3)
    assert await ids(api) == [made["id"]]
    assert places(await api.ask("POST", f"/patients/{made['id']}/restore")) == {"path.patient_uuid"}


async def test_a_guarantor_of_somebody_stays(api: Api) -> None:
    guarantor = await api.patient("Odalys", "Marsh")
    await api.patch(f"/patients/{guarantor['id']}", {"base_version": 1, "responsible_party_uuid": guarantor["id"]})
    children = [await api.patient(f"Child{n}", responsible_party_uuid=guarantor["id"]) for n in range(2)]
    answer = await api.ask("POST", f"/patients/{guarantor['id']}/archive")
    assert places(answer) == {"path.patient_uuid"}
    assert "2 other patients" in refused(answer, 422)
    assert "Child" not in answer.text, "how many, not who"
    await archive(api, children[0])
    news = {"base_version": 1, "responsible_party_uuid": None}
    await api.patch(f"/patients/{children[1]['id']}", news)
    assert (await archive(api, guarantor))["status"] == "archived", "that they answer for themselves is no reason"
    sent = {"first_name": "A", "last_name": "B", "responsible_party_uuid": guarantor["id"]}
    assert refused(await api.ask("POST", "/patients", sent), 404)


async def test_what_a_fhir_client_says_of_a_patients_stage_shows_at_once(api: Api, client: Fhir) -> None:
    made = await api.patient()
    resource = (await client.ask("GET", f"Patient/{made['id']}")).json()
    for said, shown in (
        ({"active": False}, "inactive"),
        ({"active": True, "deceasedDateTime": "2026-01-02T03:04:05Z"}, "deceased"),
        ({"active": True}, "active"),
    ):
        answer = await client.ask("PUT", f"Patient/{made['id']}", {**resource, **said})
        assert answer.status_code == 200
        assert (await api.get(f"/patients/{made['id']}"))["status"] == shown
        assert await ids(api, status=shown) == [made["id"]]


async def test_who_has_died_stays_dead_in_the_archive(api: Api, client: Fhir) -> None:
    made = await client.create({"resourceType": "Patient", "active": True, "deceasedBoolean": True})
    await archive(api, made)
    assert (await client.ask("GET", f"Patient/{made['id']}")).json()["deceasedBoolean"] is True
    await api.post(f"/patients/{made['id']}/restore", status=200)
    assert (await client.ask("GET", f"Patient/{made['id']}")).json()["deceasedBoolean"] is True


async def test_who_has_no_status_can_be_given_one(api: Api, client: Fhir) -> None:
    made = await client.create({"resourceType": "Patient", "name": [{"family": "Odd"}]})
    sent = {"base_version": 1, "new_status": "active"}
    shown = await api.post(f"/patients/{made['id']}/transition-status", sent, status=200)
    assert shown["status"] == "active"
    assert (await client.ask("GET", f"Patient/{made['id']}")).json()["active"] is True
