"""The sandbox is as strict as the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translators.internal.driving import World

PATIENTS = "/api/v1/demo/patients"
HOLLOWAY = f"{PATIENTS}/00000000-0000-4000-8000-0000000000a1"
NOBODY = "00000000-0000-4000-8000-00000000ffff"
AUTH = {"Authorization": "Bearer sandbox-token"}
NAMED = {"first_name": "Ada", "last_name": "Row"}


async def ask(world: World, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    answer = await world.client.request(method, path, json=body, headers={**AUTH, **headers})
    return answer.status_code, answer.json()


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic sandbox-token"])
async def test_without_the_token_nothing_is_told(world: World, header: str) -> None:
    status, body = await ask(world, "GET", PATIENTS, Authorization=header)
    assert (status, type(body["detail"])) == (401, str)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page_size=0",
        "page_size=101",
        "page=x",
        "sort_by=updated_at",
        "sort_dir=up",
        "status=sleeping",
        "dob_from=1990-13-01",
        "location_uuid=7",
        "unknown=1",
        "page=1&page=2",
    ],
)
async def test_query_parameters_are_checked(world: World, query: str) -> None:
    status, body = await ask(world, "GET", f"{PATIENTS}?{query}")
    assert status == 422
    assert isinstance(body["detail"], list)


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": None},
        {"first_name": " "},
        {"gender": "F"},
        {"email": "nowhere"},
        {"date_of_birth": "01/02/1990"},
        {"date_time_deceased": "2020-01-01"},
        {"receives_sms": "yes"},
        {"consent_flags": True},
        {"ask_to_arrive_early_mins": 121},
        {"location_uuid": "7"},
        {"version": 2},
        {"location": {"id": NOBODY}},
        {"status": "archived"},
    ],
)
async def test_create_checks_its_body(world: World, change: dict[str, Any]) -> None:
    before = len(world.patients)
    status, body = await ask(world, "POST", PATIENTS, {**NAMED, **change})
    assert (status, isinstance(body["detail"], list)) == (422, True)
    assert len(world.patients) == before


@pytest.mark.parametrize(
    "field", ["location_uuid", "primary_provider_uuid", "fee_schedule_uuid", "responsible_party_uuid"]
)
async def test_an_entity_that_is_not_there(world: World, field: str) -> None:
    status, body = await ask(world, "POST", PATIENTS, {**NAMED, field: NOBODY})
    assert status == 404
    assert body["detail"].endswith("not found.")


async def test_an_idempotency_key_answers_the_same_body_the_same_and_refuses_another(world: World) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await ask(world, "POST", PATIENTS, NAMED, **headers)
    assert first[0] == 201
    assert await ask(world, "POST", PATIENTS, NAMED, **headers) == first
    status, _ = await ask(world, "POST", PATIENTS, {**NAMED, "city": "x"}, **headers)
    assert status == 409
    assert sum(p["last_name"] == "Row" for p in world.patients.values()) == 1


async def test_a_chart_number_is_taken_once(world: World) -> None:
    status, _ = await ask(world, "POST", PATIENTS, {**NAMED, "chart_number": "CH-1001"})
    assert status == 409


async def test_an_update_needs_the_current_version(world: World) -> None:
    assert (await ask(world, "PATCH", HOLLOWAY, {"city": "x"}))[0] == 422
    assert (await ask(world, "PATCH", HOLLOWAY, {"city": "x", "base_version": 2}))[0] == 409
    status, body = await ask(world, "PATCH", HOLLOWAY, {"city": None, "base_version": 1})
    assert (status, body["version"], body["city"], body["state"]) == (200, 2, None, "ME")
    assert (await ask(world, "PATCH", HOLLOWAY, {"status": "inactive", "base_version": 2}))[0] == 422


@pytest.mark.parametrize(
    ("goal", "status"), [("inactive", 200), ("deceased", 200), ("prospective", 422), ("active", 422), ("archived", 422)]
)
async def test_transitions_from_active(world: World, goal: str, status: int) -> None:
    body = {"base_version": 1, "new_status": goal}
    assert (await ask(world, "POST", f"{HOLLOWAY}/transition-status", body))[0] == status


async def test_archive_and_restore(world: World) -> None:
    assert (await ask(world, "POST", f"{HOLLOWAY}/archive"))[0] == 422
    amberly = HOLLOWAY[:-1] + "2"
    assert (await ask(world, "POST", f"{amberly}/restore"))[0] == 422
    status, body = await ask(world, "POST", f"{amberly}/archive")
    assert (status, body["status"]) == (200, "archived")
    assert (await ask(world, "GET", PATIENTS))[1]["total"] == 2
    assert (await ask(world, "PATCH", amberly, {"base_version": 2, "city": "x"}))[0] == 404
    status, body = await ask(world, "POST", f"{amberly}/restore")
    assert (status, body["status"], body["deleted_at"]) == (200, "inactive", None)


async def test_the_cursor_walks_everybody_once_and_refuses_what_it_did_not_give(world: World) -> None:
    seen, query = [], "?first=2"
    while query:
        _, body = await ask(world, "GET", f"{PATIENTS}/cursor{query}")
        seen += [row["first_name"] for row in body["data"]]
        end = body["page_info"]["end_cursor"]
        query = f"?first=2&after={end}" if end else ""
    assert seen == ["Beatrix", "Noor", "Rufus"]
    assert (await ask(world, "GET", f"{PATIENTS}/cursor?after=!"))[0] == 422
    assert (await ask(world, "GET", f"{PATIENTS}/cursor?after=WzFd"))[0] == 422


async def test_search_is_typeahead(world: World) -> None:
    assert (await ask(world, "GET", f"{PATIENTS}/search"))[1] == {"items": [], "total": 0}
    _, body = await ask(world, "GET", f"{PATIENTS}/search?q=CH-10&limit=1")
    assert (len(body["items"]), body["total"]) == (1, 2)
    assert "version" not in body["items"][0]


async def test_duplicates_need_one_signal(world: World) -> None:
    path = f"{PATIENTS}/check-duplicates"
    assert (await ask(world, "POST", path, {}))[0] == 422
    _, body = await ask(world, "POST", path, {"last_name": "Holloway"})
    assert body["total"] == 0
    _, body = await ask(world, "POST", path, {"last_name": "holloway", "date_of_birth": "1979-04-12"})
    assert body["total"] == 1
    _, body = await ask(world, "POST", path, {"last_name": "x", "mobile_phone": "555-010-4410"})
    assert body["total"] == 1


async def test_staff_edit_by_name_or_id(world: World) -> None:
    edited = await world.staff("edit", last_name="Holloway", city="Elsewhere")
    renamed = await world.staff("edit", id=edited["id"], last_name="Hollis")
    assert (renamed["city"], renamed["last_name"], renamed["version"]) == ("Elsewhere", "Hollis", 3)
    answer = await world.client.post("/_sandbox/edit", json={"last_name": "Hollis", "gender": "F"})
    assert answer.status_code == 400
