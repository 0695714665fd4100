"""The sandbox is Crosswalk's own face behind a fixed token, with staff who work through it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.faults import Misconfigured
from gateway.translation.sandbox import SandboxSetup
from tests.translators.internal.driving import World
from tests.translators.internal.practice import copied
from translators.internal.sandbox import create
from translators.internal.sandbox_door import RefusedByApi
from translators.internal.sandbox_start import BASICS, ENTITIES

PATIENTS = "/api/v1/demo/patients"
HOLLOWAY = "00000000-0000-4000-8000-0000000000a1"
AUTH = {"Authorization": "Bearer sandbox-token"}


@asynccontextmanager
async def opened(setup: SandboxSetup) -> AsyncIterator[httpx.AsyncClient]:
    app = create(setup).app()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://practice.example") as client,
    ):
        yield client


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic sandbox-token"])
async def test_without_the_token_nothing_is_told(world: World, header: str) -> None:
    answer = await world.client.get(PATIENTS, headers={"Authorization": header})
    assert answer.status_code == 401
    assert isinstance(answer.json()["detail"], str)


async def test_the_token_is_for_one_organisation(world: World) -> None:
    assert (await world.client.get("/api/v1/other/patients", headers=AUTH)).status_code in (401, 404)
    async with opened(SandboxSetup(gateway=copied, options={"token": "ours"})) as client:
        assert (await client.get(PATIENTS, headers=AUTH)).status_code == 401
        assert (await client.get(PATIENTS, headers={"Authorization": "Bearer ours"})).status_code == 200


async def test_a_new_practice_has_catalogues_and_patients(world: World) -> None:
    assert sorted(patient["last_name"] for patient in (await world.patients()).values()) == [
        "Amberly",
        "Holloway",
        "Tannhill",
    ]
    for type in ENTITIES:
        found = await world.client.get(f"/fhir/r4/demo/{type}?_summary=count", headers=AUTH)
        assert found.json()["total"] == len(ENTITIES[type])
    found = await world.client.get("/fhir/r4/demo/Basic?_summary=count", headers=AUTH)
    assert found.json()["total"] == sum(map(len, BASICS.values()))


async def test_what_is_kept_in_a_file_survives(tmp_path: Path) -> None:
    setup = SandboxSetup(state_file=tmp_path / "practice.json", gateway=copied)
    async with opened(setup) as client:
        made = await client.post("/_sandbox/register", json={"first_name": "Ada", "last_name": "Row"})
        assert made.status_code == 200, made.text
    async with opened(setup) as client:
        assert made.json()["id"] in (await client.get("/_sandbox")).json()["patients"]


async def test_it_needs_a_gateway() -> None:
    with pytest.raises(Misconfigured, match="crosswalk sandbox"):
        async with opened(SandboxSetup()):
            pass


async def test_staff_edit_by_name_or_id(world: World) -> None:
    edited = await world.staff("edit", last_name="Holloway", city="Elsewhere")
    renamed = await world.staff("edit", id=edited["id"], last_name="Hollis")
    assert (renamed["city"], renamed["last_name"], renamed["version"]) == ("Elsewhere", "Hollis", 3)
    for arguments in ({"last_name": "Hollis", "gender": "F"}, {"last_name": "Nobody", "city": "x"}):
        answer = await world.client.post("/_sandbox/edit", json=arguments)
        assert answer.status_code == 400


async def test_staff_move_patients_along(world: World) -> None:
    moved = await world.staff("transition", last_name="Amberly", new_status="active")
    assert moved["status"] == "active"
    assert (await world.staff("archive", id=moved["id"]))["deleted_at"] is not None
    assert (await world.patient(moved["id"]))["status"] == "archived", "they are shown still"
    assert (await world.staff("restore", id=moved["id"]))["status"] == "inactive"
    answer = await world.client.post("/_sandbox/archive", json={"id": HOLLOWAY})
    assert (answer.status_code, "422" in answer.text) == (400, True), "a guarantor of somebody"


async def test_a_colleague_may_save_just_before_every_update(world: World) -> None:
    await world.fault("stale-version")
    body: dict[str, Any] = {"city": "x", "base_version": 1}
    answer = await world.client.patch(f"{PATIENTS}/{HOLLOWAY}", json=body, headers=AUTH)
    assert answer.status_code == 409
    assert (await world.patient(HOLLOWAY))["version"] == 2


async def test_a_write_may_take_place_and_the_answer_be_lost(world: World) -> None:
    await world.fault("drop-after-commit")
    body = {"first_name": "Ada", "last_name": "Row"}
    assert (await world.client.post(PATIENTS, json=body, headers=AUTH)).status_code == 504
    await world.fault()
    assert [p["last_name"] for p in (await world.patients()).values()].count("Row") == 1


def test_a_refusal_is_a_value_that_the_command_tells() -> None:
    assert issubclass(RefusedByApi, ValueError)
