"""Asking for, fetching and ending a job: by the client that began it, authorised anew each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlmodel import Session

from gateway.auth.clients import disable_client, find_client
from gateway.bulk import jobs
from gateway.bulk.tables import JOB, PARTS
from tests.gateway.bulk.conftest import SCOPES, Ward, patient
from tests.gateway.conftest import NORTH, issue


async def change(ward: Ward, work: Callable[[Session], Any]) -> Any:
    return await ward.services.store.session_write(work)


async def done(ward: Ward) -> tuple[str, str]:
    """A complete export, and its file, by their paths."""
    await ward.put(patient("a"))
    place = await ward.begun("$export?_type=Patient")
    await ward.work(place)
    (file,) = (await ward.manifest(place))["output"]
    return place, file["url"].removeprefix(f"{NORTH}/")


async def test_a_job_under_way_says_how_far_it_is(ward: Ward) -> None:
    place = await ward.begun()
    answer = await ward.fhir.ask("GET", place, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["x-progress"] == "accepted, waiting to begin"
    assert answer.headers["retry-after"] == "1"


async def test_a_manifest_is_json_and_says_until_when(ward: Ward) -> None:
    place, _ = await done(ward)
    answer = await ward.fhir.ask("GET", place, headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["expires"].endswith("GMT")
    assert set(answer.json()) == {"transactionTime", "request", "requiresAccessToken", "output", "error"}


async def test_whoever_asks_without_a_pause_is_told_to_wait(ward: Ward) -> None:
    place = await ward.begun()
    answers = [await ward.fhir.ask("GET", place) for _ in range(jobs.POLLS + 1)]
    assert [answer.status_code for answer in answers] == [202] * jobs.POLLS + [429]
    assert issue(answers[-1])["code"] == "throttled"
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_an_ended_job_is_not_there_any_more(ward: Ward) -> None:
    place, file = await done(ward)
    waiting = await ward.begun()
    for each in (place, waiting):
        ended = await ward.fhir.ask("DELETE", each)
        assert (ended.status_code, issue(ended)["severity"]) == (202, "information")
        for method in ("GET", "DELETE"):
            answer = await ward.fhir.ask(method, each)
            assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")
    assert (await ward.fhir.ask("GET", file)).status_code == 404
    await ward.work(waiting)
    assert (await ward.fhir.ask("GET", waiting)).status_code == 404


@pytest.mark.parametrize("name", ["other", "south"])
async def test_of_anothers_job_nobody_is_told(ward: Ward, name: str) -> None:
    place, file = await done(ward)
    other = await ward.as_client(name)
    for method, path in (("GET", place), ("GET", file), ("DELETE", place)):
        assert (await other.ask(method, path)).status_code == 404
    other.base = NORTH
    assert (await other.ask("GET", file)).status_code == (404 if name == "other" else 401)
    assert (await ward.fhir.ask("GET", place)).status_code == 200
    assert (await ward.fhir.ask("GET", "_bulk/none")).status_code == 404
    for number in ("0", "2", "99999999999999999999"):
        assert (await ward.fhir.ask("GET", f"{place}/{number}.ndjson")).status_code == 404


async def test_a_file_needs_a_token(ward: Ward) -> None:
    place, file = await done(ward)
    ward.fhir.token = None
    for method, path in (("GET", place), ("GET", file), ("DELETE", place)):
        assert (await ward.fhir.ask(method, path)).status_code == 401


async def test_a_token_for_less_gets_no_file(ward: Ward) -> None:
    place, file = await done(ward)
    ward.fhir = await ward.as_client("crm", "system/Encounter.rs")
    for method, path in (("GET", place), ("GET", file), ("DELETE", place)):
        assert (await ward.fhir.ask(method, path)).status_code == 403


async def test_a_client_that_has_lost_a_scope_gets_no_file(ward: Ward) -> None:
    place, file = await done(ward)
    ward.fhir = await ward.as_client("crm")  # a token that was issued before

    def narrow(session: Session) -> None:
        client = find_client(session, 1, ward.clients["crm"][1])
        client.scopes = SCOPES.replace("system/*", "system/Encounter")
        session.add(client)

    await change(ward, narrow)
    for method, path in (("GET", place), ("GET", file), ("DELETE", place)):
        assert (await ward.fhir.ask(method, path)).status_code == 403


async def test_a_disabled_client_gets_no_file(ward: Ward) -> None:
    place, file = await done(ward)
    tokens = [await ward.as_client("crm") for _ in range(3)]
    await change(ward, lambda session: disable_client(session, 1, ward.clients["crm"][1], now=1))
    for fhir, (method, path) in zip(tokens, (("GET", place), ("GET", file), ("DELETE", place)), strict=True):
        assert (await fhir.ask(method, path)).status_code == 401


async def test_after_its_time_a_job_is_gone_and_tidied_away(ward: Ward) -> None:
    place, file = await done(ward)
    kept, _ = await done(ward)
    id = ward.order(place).job
    await change(
        ward, lambda session: session.connection().execute(update(JOB).where(JOB.c.id == id).values(expires=1))
    )
    for path in (place, file):
        assert (await ward.fhir.ask("GET", path)).status_code == 404
    await ward.workflows.remove_ended()

    def left(session: Session) -> list[int]:
        tables = [(JOB, JOB.c.id), *((table, table.c.job) for table in PARTS)]
        counts = [select(func.count()).select_from(table).where(key == id) for table, key in tables]
        return [int(session.connection().execute(count).scalar() or 0) for count in counts]

    assert await ward.services.store.session_read(left) == [0] * 5
    assert (await ward.fhir.ask("GET", kept)).status_code == 200


async def test_many_rows_are_removed_in_parts(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bulk.workflows.REMOVED_AT_ONCE", 1)
    place, _ = await done(ward)
    await ward.fhir.ask("DELETE", place)
    await ward.workflows.tidy()
    assert await ward.services.store.session_read(lambda session: jobs.get(session, ward.order(place).job)) is None


async def test_why_an_export_failed_is_told(ward: Ward) -> None:
    place = await ward.begun()
    await ward.workflows.fail(ward.order(place), "the reason")
    answer = await ward.fhir.ask("GET", place)
    assert answer.status_code == 500
    assert issue(answer)["diagnostics"] == "It failed: the reason"
    await ward.work(place)
    assert (await ward.fhir.ask("GET", place)).status_code == 500
