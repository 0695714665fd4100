"""Operations run over the real store, with all that holds for FHIR interactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from gateway.services import Services
from tests.gateway.audit.administrator import events
from tests.gateway.conftest import PUBLIC, Answer, Fhir, Outbox
from tests.gateway.faces.conftest import JSON

WardOf = Callable[[str], Awaitable[Fhir]]


async def admit(ward: Fhir, *families: str) -> list[dict[str, Any]]:
    answers = [await ward.ask("POST", "people", {"family": family}, headers=JSON) for family in families]
    assert [answer.status_code for answer in answers] == [201] * len(families), answers[0].text
    return [answer.json() for answer in answers]


def places(answer: Answer) -> list[list[Any]]:
    return [place for place, _, _ in answer.json()["wrong"]]


async def test_what_one_face_writes_the_other_reads(ward: Fhir, client: Fhir, outbox: Outbox) -> None:
    (person,) = await admit(ward, "Aalto")
    read = await client.ask("GET", f"Patient/{person['id']}")
    assert read.json()["name"] == [{"family": "Aalto"}]
    assert outbox.handed == [[f"Patient/{person['id']}/1"]]
    await client.ask("PUT", f"Patient/{person['id']}", {**read.json(), "name": [{"family": "Berg"}]})
    shown = await ward.ask("GET", f"people/{person['id']}")
    assert shown.json() == {"id": person["id"], "family": "Berg", "version": 2}
    assert shown.headers["content-type"] == "application/json"
    assert shown.headers["cache-control"] == "no-store"


async def test_a_change_is_of_the_version_that_was_read(ward: Fhir) -> None:
    (person,) = await admit(ward, "Aalto")
    place = f"people/{person['id']}"
    changed = await ward.ask("PATCH", place, {"family": "Berg", "base_version": 1}, headers=JSON)
    assert changed.json()["version"] == 2
    stale = await ward.ask("PATCH", place, {"family": "Carr", "base_version": 1}, headers=JSON)
    assert (stale.status_code, places(stale)) == (409, [["body", "base_version"]])
    assert (await ward.ask("GET", place)).json()["family"] == "Berg"


async def test_an_operation_without_an_answer(ward: Fhir, client: Fhir) -> None:
    (person,) = await admit(ward, "Aalto")
    left = await ward.ask("POST", f"people/{person['id']}/leave")
    assert (left.status_code, left.content) == (204, b"")
    assert (await client.ask("GET", f"Patient/{person['id']}")).json()["active"] is False


async def test_a_refusal_takes_back_what_was_written(ward: Fhir, client: Fhir) -> None:
    answer = await ward.ask("POST", "people", {"family": "Full"}, headers=JSON)
    assert answer.status_code == 422
    assert answer.json() == {"status": 422, "wrong": [[[], "The ward is full.", "business-rule"]]}
    assert await client.total("Patient") == 0


async def test_pages_by_cursor_and_by_number(ward: Fhir) -> None:
    await admit(ward, "Dahl", "Aalto", "Carr", "Berg", "Ek")
    first = (await ward.ask("GET", "people")).json()
    assert [each["family"] for each in first["people"]] == ["Aalto", "Berg"]
    assert first["total"] == 5
    second = (await ward.ask("GET", f"people?after={first['end']}&first=3")).json()
    assert [each["family"] for each in second["people"]] == ["Carr", "Dahl", "Ek"]
    assert second["end"] is None
    skipped = (await ward.ask("GET", "people?skip=3")).json()
    assert [each["family"] for each in skipped["people"]] == ["Dahl", "Ek"]


async def test_a_cursor_is_of_one_list_and_one_caller(ward: Fhir, ward_of: WardOf) -> None:
    await admit(ward, "Dahl", "Aalto", "Carr")
    end = (await ward.ask("GET", "people")).json()["end"]
    for answer in (
        await ward.ask("GET", f"people?after={end}x"),
        await ward.ask("GET", f"people?after={end}&word=A"),
        await (await ward_of("system/Patient.rs")).ask("GET", f"people?after={end}"),
        await ward.ask("GET", "people?after=%00"),
    ):
        assert (answer.status_code, places(answer)) == (422, [["query", "after"]])


async def test_alternatives(ward: Fhir) -> None:
    await admit(ward, "Dahl", "Aalto", "Carr,Jr", "Berg")
    found = (await ward.ask("GET", "people?word=carr,j&word=da")).json()
    assert [each["family"] for each in found["people"]] == ["Carr,Jr", "Dahl"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"family": ""}', ["body", "family"]),
        (b'{"beds": []}', ["body", "family"]),
        (b'{"family": "A", "shoe": 7}', ["body", "shoe"]),
        (b'{"family": "A", "beds": [1, "2"]}', ["body", "beds", 1]),
        (b'{"family": "A", "family": "B"}', []),
        (b"{", []),
        (b"[" * 100_000, []),
    ],
)
async def test_a_body_that_is_not_as_declared(ward: Fhir, client: Fhir, body: bytes, place: list[Any]) -> None:
    answer = await ward.ask("POST", "people", body, headers=JSON)
    assert (answer.status_code, places(answer)) == (422, [place])
    assert await client.total("Patient") == 0


async def test_all_that_is_wrong_is_told_and_nothing_that_was_sent(ward: Fhir) -> None:
    answer = await ward.ask("PATCH", "people/x", {"family": 4711, "secret-4712": 1}, headers=JSON)
    assert places(answer) == [["body", "family"], ["body", "base_version"], ["body", "secret-4712"]]
    assert "4711" not in answer.text
    queried = await ward.ask("GET", "people?first=0&skip=many&skip=times")
    assert places(queried) == [["query", "first"], ["query", "skip"]]


async def test_other_media_types_are_refused(ward: Fhir) -> None:
    answer = await ward.ask("POST", "people", b"<family/>", headers={"Content-Type": "application/xml"})
    assert (answer.status_code, answer.json()["status"]) == (415, 415)


async def test_scopes_hold(ward: Fhir, ward_of: WardOf) -> None:
    (person,) = await admit(ward, "Aalto")
    reader = await ward_of("system/Patient.rs")
    assert (await reader.ask("GET", f"people/{person['id']}")).status_code == 200
    refused = await reader.ask("POST", "people", {"family": "Berg"}, headers=JSON)
    assert (refused.status_code, refused.json()["status"]) == (403, 403)
    stranger = await ward_of("system/Location.rs")
    assert [(await stranger.ask("GET", place)).status_code for place in ("people", f"people/{person['id']}")] == [
        403
    ] * 2


async def test_the_organisation_of_the_path_is_that_of_the_token(ward: Fhir, http: httpx.AsyncClient) -> None:
    south = Fhir(http, f"{PUBLIC}/ward/v1/south", ward.token)
    nowhere = Fhir(http, f"{PUBLIC}/ward/v1/nowhere", ward.token)
    nobody = Fhir(http, f"{PUBLIC}/ward/v1/north", None)
    answers = [await each.ask("GET", "people") for each in (south, nowhere, nobody)]
    assert [answer.status_code for answer in answers] == [401, 404, 401]
    assert all("wrong" in answer.json() for answer in answers)
    assert answers[2].headers["www-authenticate"].startswith("Bearer")


async def test_what_is_nowhere_is_told_in_the_faces_shape(ward: Fhir) -> None:
    nothing = await ward.ask("GET", "beds")
    assert (nothing.status_code, nothing.json()["status"]) == (404, 404)
    other = await ward.ask("DELETE", "people")
    assert (other.status_code, other.headers["allow"]) == (405, "GET, HEAD, POST")
    assert other.json()["status"] == 405
    assert (await ward.ask("GET", "people/no%20id")).json()["wrong"][0][0] == ["path", "person"]


async def test_an_error_of_ours_tells_nothing(ward: Fhir, log_lines: list[Any]) -> None:
    for place in ("people/broken", "people/sly"):
        answer = await ward.ask("GET", place)
        assert (answer.status_code, answer.json()["status"]) == (500, 500)
        assert "Mustermann" not in answer.text + str(log_lines)


async def test_head_is_get_without_a_body(ward: Fhir) -> None:
    answer = await ward.ask("HEAD", "people")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_several_at_once(ward: Fhir, client: Fhir) -> None:
    for id in ("a", "b", "gone"):
        await client.ask("PUT", f"Practitioner/{id}", {"resourceType": "Practitioner", "id": id})
    await client.ask("DELETE", "Practitioner/gone")
    assert (await ward.ask("GET", "people/doctors")).json() == {"Practitioner/a": 1, "Practitioner/b": 1}


async def test_accesses_are_in_the_trail(ward: Fhir, admin: Fhir, services: Services) -> None:
    (person,) = await admit(ward, "Aalto")
    await ward.ask("GET", f"people/{person['id']}")
    await ward.ask("GET", "people")
    await ward.ask("PATCH", f"people/{person['id']}", {"family": "B", "base_version": 7}, headers=JSON)
    await services.audit.flush()
    found = await events(admin, f"patient=Patient/{person['id']}")
    told = [(event["subtype"][0]["code"], event["outcome"]) for event in reversed(found)]
    assert told == [("create", "0"), ("read", "0"), ("search-type", "0"), ("update", "4")]


async def test_what_is_withheld_is_a_refusal_in_the_trail(
    ward: Fhir, ward_of: WardOf, admin: Fhir, services: Services
) -> None:
    (person,) = await admit(ward, "Aalto")
    narrow = await ward_of("system/Patient.cruds?active=true")
    place = f"people/{person['id']}"
    refused = [
        await narrow.ask("GET", place),
        await narrow.ask("POST", f"{place}/leave"),
        await narrow.ask("POST", f"{place}/leave", headers={"Idempotency-Key": "k"}),
    ]
    assert [answer.status_code for answer in refused] == [404] * 3
    await services.audit.flush()
    found = await events(admin, f"patient=Patient/{person['id']}&outcome=4")
    assert [event["subtype"][0]["code"] for event in reversed(found)] == ["read", "update", "update"]


async def test_long_answers_are_packed_and_have_one_form(ward: Fhir) -> None:
    await admit(ward, *("Aalto" * 40 + str(number) for number in range(10)))
    asked = {"Accept-Encoding": "gzip", "Accept": "application/fhir+xml"}
    answer = await ward.ask("GET", "people?first=10", headers=asked)
    assert (answer.headers["content-encoding"], answer.headers["content-type"]) == ("gzip", "application/json")
    assert len(answer.json()["people"]) == 10


async def test_browser_applications_reach_it(ward: Fhir) -> None:
    asked = {"Origin": "https://staff.example", "Access-Control-Request-Method": "PATCH"}
    answer = await ward.http.options(f"{ward.base}/people/x", headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
