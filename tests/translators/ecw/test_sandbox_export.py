"""The sandbox's Group export is as strict as eCW's bulk guide; its staff changes lists and takes many patients in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translators.ecw.test_sandbox import bearer
from tests.translators.ecw.world import HOST, World
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import DOCTOR, PATIENT

BULK = "system/Group.read system/Patient.read system/Encounter.read"
KICK_OFF = f"{BASE}/Group/G1/$export?_type=Patient,Encounter"
LATER = {"Prefer": "respond-async"}


async def practice() -> tuple[World, dict[str, str]]:
    world = World()
    await world.staff("group", id="G1", patients=[PATIENT])
    await world.staff("populate", patients=1)
    return world, {**await bearer(world, BULK), **LATER}


async def test_an_export_from_its_start_to_its_end() -> None:
    world, headers = await practice()
    asked = await world.http.get(KICK_OFF, headers=headers)
    assert (asked.status_code, asked.headers["retry-after"]) == (202, "120")
    place = asked.headers["content-location"]
    assert place.startswith(f"{HOST}{BASE}/$export-poll-location?job_id=")
    again = await world.http.get(KICK_OFF, headers=headers)
    assert again.status_code == 409, "an identical one runs"
    world.pass_time(30)
    waiting = await world.http.get(place, headers=headers)
    assert (waiting.status_code, waiting.headers["x-progress"]) == (202, "25% Completed")
    world.pass_time(90)
    manifest = (await world.http.get(place, headers=headers)).json()
    assert (manifest["requiresAccessToken"], manifest["error"]) == (True, [])
    assert manifest["request"].startswith(f"{HOST}{BASE}/Group/G1/$export?")
    files = {each["type"]: each["url"] for each in manifest["output"]}
    assert set(files) == {"Patient", "Encounter"}
    lines = (await world.http.get(files["Patient"], headers=headers)).text.splitlines()
    assert (len(lines), PATIENT in lines[0]) == (1, True), "of the group only"
    assert (await world.http.get(files["Patient"])).status_code == 401
    assert (await world.http.delete(place, headers=headers)).status_code == 202
    for address in (place, files["Patient"]):
        assert (await world.http.get(address, headers=headers)).status_code == 404


async def test_only_what_changed_since() -> None:
    world, headers = await practice()
    await world.staff("export-pace", seconds=0, retry_after=1)
    world.pass_time(10)
    await world.staff("encounter", patient=PATIENT)
    since = KICK_OFF + "&_since=2026-03-01T12:00:05.000%2B00:00"
    asked = await world.http.get(since, headers=headers)
    manifest = (await world.http.get(asked.headers["content-location"], headers=headers)).json()
    assert [each["type"] for each in manifest["output"]] == ["Encounter"]


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        (KICK_OFF, {"Prefer": ""}, 400),
        (KICK_OFF + "&_count=5", {}, 400),
        (KICK_OFF.replace("Encounter", "Nothing"), {}, 401),
        (KICK_OFF + "&_outputFormat=csv", {}, 400),
        (KICK_OFF.replace("G1", "G2"), {}, 401),
        (KICK_OFF.replace("Encounter", "Coverage"), {}, 401),
        (KICK_OFF, {"Authorization": "Bearer nothing"}, 401),
        (f"{BASE}/$export-poll-location?job_id=none", {}, 404),
        (f"{BASE}/Patient/{PATIENT}", {}, 401),
    ],
)
async def test_what_is_refused(path: str, change: dict[str, str], status: int) -> None:
    world, headers = await practice()
    assert (await world.http.get(path, headers={**headers, **change})).status_code == status


async def test_a_token_of_single_patients_exports_nothing() -> None:
    world, _ = await practice()
    single = {**await bearer(world), **LATER}
    assert (await world.http.get(KICK_OFF, headers=single)).status_code == 401


async def test_the_staff_changes_and_removes_any_record() -> None:
    world = World()
    documents: dict[str, Any] = world.sandbox.state["documents"]
    await world.staff("change", type="Location", id="L9", status="active", name="North Hill")
    assert documents["Location"]["L9"]["name"] == "North Hill"
    await world.staff("change", type="Practitioner", id=DOCTOR, active=False, name=None)
    assert documents["Practitioner"][DOCTOR] == {"resourceType": "Practitioner", "id": DOCTOR, "active": False}
    await world.staff("remove", type="Practitioner", id=DOCTOR)
    assert DOCTOR not in documents["Practitioner"]
    refused = await world.http.post("/_sandbox/change", json={"type": "Patient", "id": "none"})
    assert refused.status_code == 400
