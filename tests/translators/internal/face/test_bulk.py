"""Many patients in one request: each row by itself, dry runs, and changes by chart number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.interactions.demands import set_demands
from gateway.services import Services
from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import ABSENT, Api, Catalogue, places
from translators.internal.face.bulk import AT_ONCE

Rows = list[dict[str, Any]]


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"first_name": f"Wren {number}", "last_name": "Halloway", "chart_number": f"C-{number}", **more}


async def bulk(api: Api, rows: Rows, **meta: Any) -> dict[str, Any]:
    body = {"rows": rows, "meta": meta} if meta else {"rows": rows}
    answer: dict[str, Any] = await api.post("/patients/bulk", body, 200)
    assert [result["row"] for result in answer["results"]] == list(range(len(rows)))
    assert answer["total"] == len(rows)
    assert all(set(result) == {"row", "status", "id", "errors"} for result in answer["results"])
    return answer


def statuses(answer: dict[str, Any]) -> list[str]:
    found = [result["status"] for result in answer["results"]]
    assert {name: answer[name] for name in set(found)} == {name: found.count(name) for name in set(found)}
    return found


def wrong(answer: dict[str, Any], number: int) -> list[tuple[str, str]]:
    result = answer["results"][number]
    assert all(set(error) == {"loc", "msg", "type"} and error["msg"] for error in result["errors"])
    return [(".".join(map(str, error["loc"])), error["type"]) for error in result["errors"]]


async def test_rows_become_patients(api: Api, client: Fhir, catalogue: Catalogue) -> None:
    rows = [row(number, gender="female", location_uuid=catalogue.clinic) for number in range(AT_ONCE + 3)]
    answer = await bulk(api, rows)
    assert statuses(answer) == ["created"] * len(rows)
    assert answer["updated"] == answer["skipped"] == answer["failed"] == answer["validated"] == 0
    assert all(result["errors"] == [] for result in answer["results"])
    last = await api.get(f"/patients/{answer['results'][-1]['id']}")
    assert (last["chart_number"], last["status"], last["location"]["id"]) == (
        f"C-{AT_ONCE + 2}", "active", catalogue.clinic,
    )  # fmt: skip
    assert await client.total("Patient") == len(rows)


async def test_a_wrong_row_stops_no_other(api: Api, client: Fhir) -> None:
    await api.patient(chart_number="C-1", email="wren@example.org")
    rows = [
        row(0),
        row(1),
        {"first_name": "Wren", "gender": "4711", "shoe_size": 7},
        row(3, location_uuid=ABSENT),
        row(4, date_of_birth="2990-01-01"),
        row(0),
        row(6, treatment_notes="x" * 1_000_000, email="nobody"),
        {},
        row(8),
    ]
    answer = await bulk(api, rows)
    assert statuses(answer) == ["created", *["failed"] * 7, "created"]
    assert wrong(answer, 1) == [("chart_number", "conflict")]
    assert {place for place, _ in wrong(answer, 2)} == {"last_name", "gender", "shoe_size"}
    assert wrong(answer, 3) == [("location_uuid", "not_found")]
    assert wrong(answer, 4) == [("date_of_birth", "invalid")]
    assert wrong(answer, 5) == [("chart_number", "conflict")]
    assert {place for place, _ in wrong(answer, 6)} == {"treatment_notes", "email"}
    assert {place for place, _ in wrong(answer, 7)} == {"first_name", "last_name"}
    assert "4711" not in str(answer)
    assert [result["id"] for result in answer["results"][1:8]] == [None] * 7
    assert await client.total("Patient") == 3


async def test_a_failed_row_takes_no_chart_number(api: Api) -> None:
    rows = [row(1, gender="?"), row(1), *(row(number) for number in range(2, AT_ONCE + 2)), row(1)]
    for meta in ({"dry_run": True}, {}):
        found = statuses(await bulk(api, rows, **meta))
        assert (found[0], found[-1]) == ("failed", "failed")
        assert set(found[1:-1]) == {"validated" if meta else "created"}


async def test_a_dry_run_says_what_would_be_and_does_nothing(api: Api, client: Fhir) -> None:
    born = {"date_of_birth": "1980-02-01"}
    await api.patient(chart_number="C-1", email="wren@example.org", **born)
    rows = [row(0), row(1), row(2, **born, email="wren@example.org"), row(0), row(4, location_uuid=ABSENT)]
    answer = await bulk(api, rows, dry_run=True)
    assert statuses(answer) == ["validated", "failed", "validated", "failed", "failed"]
    assert answer["created"] == 0
    assert wrong(answer, 2) == [("", "potential_duplicate")] * 2
    assert await client.total("Patient") == 1


async def test_rows_change_those_who_have_their_chart_number(api: Api, client: Fhir) -> None:
    known = await api.patient(chart_number="C-1", email="wren@example.org", city="Porto", treatment_notes="calm")
    born = {"date_of_birth": "1980-02-01", "date_time_deceased": None, "billing_account": {"create_new": True}}
    rows = [
        row(1, first_name="Wrenna", city="Faro", email=None, **born),
        row(2),
        {"first_name": "No", "last_name": "Number"},
    ]
    dry = await bulk(api, rows, dry_run=True, mode="upsert")
    assert statuses(dry) == ["validated"] * 3
    assert dry["results"][0]["id"] == known["id"]
    answer = await bulk(api, rows, mode="upsert")
    assert statuses(answer) == ["updated", "created", "created"]
    after = await api.get(f"/patients/{known['id']}")
    told = {
        name: after[name] for name in ("first_name", "city", "email", "treatment_notes", "version", "date_of_birth")
    }
    assert told == {
        "first_name": "Wrenna", "city": "Faro", "email": None, "treatment_notes": "calm", "version": 2,
        "date_of_birth": "1980-02-01",
    }  # fmt: skip
    assert statuses(await bulk(api, rows[:2], mode="upsert")) == ["skipped", "skipped"]
    assert await client.total("Patient") == 3


async def test_a_status_goes_the_ways_that_are_open(api: Api) -> None:
    await api.patient(chart_number="C-1")
    gone = await api.patient(chart_number="C-2")
    await api.post(f"/patients/{gone['id']}/archive", None, 200)
    rows = [row(1, status="prospective"), row(2), row(3, status="inactive")]
    answer = await bulk(api, rows, mode="upsert")
    assert statuses(answer) == ["failed", "failed", "created"]
    assert wrong(answer, 0) == [("status", "invalid")]
    assert wrong(answer, 1) == [("chart_number", "conflict")]
    again = await bulk(api, [row(1, status="inactive"), row(3, status="inactive")], mode="upsert")
    assert statuses(again) == ["updated", "skipped"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"rows": [], "meta": {"colour": 1}}, "body.meta.colour"),
        ({"rows": [], "meta": {"mode": "replace"}}, "body.meta.mode"),
        ({"rows": [row(1), 7]}, "body.rows.1"),
        ({"rows": [{}] * 10_001}, "body.rows"),
        ({"meta": {}}, "body.rows"),
    ],
)
async def test_a_request_that_is_none(api: Api, body: dict[str, Any], place: str) -> None:
    assert places(await api.ask("POST", "/patients/bulk", body)) == {place}


async def test_no_rows(api: Api) -> None:
    assert (await bulk(api, []))["results"] == []


async def test_who_may_not_write_patients_is_refused_as_a_whole(staff: Callable[[str], Awaitable[Api]]) -> None:
    for scope, mode, status in (
        ("system/Patient.rs", "create", 403),
        ("system/Patient.cs", "create", 200),
        ("system/Patient.cs", "upsert", 403),
    ):
        answer = await (await staff(scope)).ask("POST", "/patients/bulk", {"rows": [], "meta": {"mode": mode}})
        assert answer.status_code == status, answer.text


async def test_what_the_organisation_demands_fails_the_row_alone(api: Api, client: Fhir, services: Services) -> None:
    """Rules that the store has, not the API: a dry run knows them too."""
    profile = {"Patient": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"}
    await services.store.session_write(
        lambda session: set_demands(session, 1, services.definitions, profile, frozenset())
    )
    rows = [row(0, gender="male"), row(1), row(2, gender="female")]
    for meta, done in (({"dry_run": True}, "validated"), ({}, "created")):
        answer = await bulk(api, rows, **meta)
        assert statuses(answer) == [done, "failed", done]
        assert wrong(answer, 1)
    assert await client.total("Patient") == 2


async def test_a_repeated_request_changes_nothing(api: Api, client: Fhir) -> None:
    body = {"rows": [row(number) for number in range(AT_ONCE + 1)]}
    answers = [await api.ask("POST", "/patients/bulk", body, headers={"Idempotency-Key": "import-7"}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert await client.total("Patient") == AT_ONCE + 1
