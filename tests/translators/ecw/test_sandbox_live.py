"""What the sandbox's reads and searches are like on the wire."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.translators.ecw.world import HOST, World
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import PATIENT
from translators.ecw.sandbox_live import ATTACHED, NOTE, BrokenOff


@pytest.fixture
def world() -> World:
    made = World()
    made.sandbox.state["tokens"]["t"] = {"scope": "system/*.r", "expires": 1e12}
    return made


async def get(world: World, path: str) -> httpx.Response:
    return await world.http.get(f"{BASE}/{path}", headers={"Authorization": "Bearer t"})


async def bundle(world: World, path: str) -> dict[str, Any]:
    answer = await get(world, path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_everything_is_on_one_page(world: World) -> None:
    found = await bundle(world, f"Patient/{PATIENT}/$everything")
    assert [entry["resource"]["resourceType"] for entry in found["entry"]] == [
        "Patient",
        "Coverage",
        "DocumentReference",
        "Encounter",
    ]
    assert (await get(world, f"Patient/{PATIENT}/$everything?start=2026-01-01")).status_code == 400
    assert (await get(world, "Patient/none/$everything")).status_code == 404
    assert (await get(world, f"Location/{PATIENT}/$everything")).status_code == 404


async def test_attachments_have_whole_urls(world: World) -> None:
    note = (await get(world, f"DocumentReference/{NOTE}")).json()
    assert note["content"][0]["attachment"]["url"] == f"{HOST}{BASE}/Binary/{ATTACHED}"
    assert note["subject"]["reference"] == f"Patient/{PATIENT}"
    world.sandbox.switch(["absolute-references"])
    note = (await get(world, f"DocumentReference/{NOTE}")).json()
    assert note["subject"]["reference"] == f"{HOST}{BASE}/Patient/{PATIENT}"


async def test_includes_that_are_declared(world: World) -> None:
    found = await bundle(world, f"Encounter?patient={PATIENT}&_include=Encounter:patient")
    assert [entry["search"]["mode"] for entry in found["entry"]].count("match") == 1
    assert PATIENT in [entry["resource"]["id"] for entry in found["entry"] if entry["search"]["mode"] == "include"]
    for wrong in ("_include=Encounter:subject", "_revinclude=Encounter:patient", "_include:iterate=*", "_count=1"):
        assert (await get(world, f"Encounter?patient={PATIENT}&{wrong}")).status_code == 400


async def test_faults(world: World) -> None:
    world.sandbox.switch(["outcome-entry", "repeat-next", "versions"])
    found = await bundle(world, f"Patient?_id={PATIENT}")
    assert [entry["search"]["mode"] for entry in found["entry"]] == ["match", "outcome"]
    assert found["link"][0]["url"] == found["link"][1]["url"]
    assert (await get(world, f"Patient/{PATIENT}")).headers["etag"].startswith('W/"')
    world.sandbox.switch(["break-off"])
    with pytest.raises(BrokenOff):
        await get(world, f"Patient/{PATIENT}")


async def test_the_statement_tells_what_is_served(world: World) -> None:
    statement = await bundle(world, "metadata")
    patient = next(each for each in statement["rest"][0]["resource"] if each["type"] == "Patient")
    assert patient["operation"][0]["name"] == "everything"
    assert patient["searchRevInclude"] == ["Provenance:target"]
