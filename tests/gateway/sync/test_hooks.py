"""Inbound webhooks: a trigger and nothing more, whose address is the only credential."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from sqlmodel import Session, select

from gateway.commands.connection import list_connections
from gateway.sync.orders import Order
from gateway.sync.stays import Recall
from tests.gateway.conftest import issue
from tests.gateway.sync.clinic import Clinic

MASTER = "6b1f8d5e-2c1d-4b7e-9a57-0f3c2d4e5f60"
CASEFILE = f"4711:{MASTER}"
HASTE_S = 10.0
"""A second, and what the machine of a test run may be slower."""


@pytest.fixture
async def kipu(clinic: Clinic) -> Clinic:
    await clinic.connect("kipu")
    return clinic


async def addresses(clinic: Clinic, name: str = "kipu") -> dict[str, str]:
    return clinic.services.sync.connections.hooks(clinic.realm, await clinic.connection(name))


async def queued(clinic: Clinic, name: str = "pull") -> list[Order]:
    found = await clinic.services.sync.client.list_workflows_async(name=name, load_output=False)
    return [workflow.input["args"][0] for workflow in found if workflow.input]


@pytest.mark.parametrize("body", [b"", b'{"casefile_id": "1:x", "first_name": "Secretname"}', b"not json", b"\xff\x00"])
async def test_a_hook_queues_a_pull_whatever_it_says(kipu: Clinic, body: bytes, log_lines: list[Any]) -> None:
    for hook, url in (await addresses(kipu)).items():
        started = time.monotonic()
        answer = await kipu.fhir.http.post(url, content=body)
        assert (answer.status_code, answer.content) == (202, b"")
        assert time.monotonic() - started < 1
        assert url.rpartition("/")[0].endswith(hook)
    assert await queued(kipu) == [Order(1, "north", "kipu")]
    token = url.rpartition("/")[2]
    assert "Secretname" not in str(log_lines)
    assert token not in str(log_lines)


async def test_any_other_address_is_answered_as_if_nothing_was_there(kipu: Clinic) -> None:
    url = (await addresses(kipu))["chart-update"]
    path, _, token = url.rpartition("/")
    wrong = [
        f"{path}/{token[:-1]}x",
        f"{path}/{token}x",
        f"{path}/%C3%BC",
        url.replace("/north/", "/nowhere/"),
        url.replace("/north/", "/south/"),
        url.replace("/kipu/", "/other/"),
        url.replace("/chart-update/", "/other-hook/"),
    ]
    answers = [await kipu.fhir.http.post(each) for each in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert {issue(answer)["diagnostics"] for answer in answers} == {"There is nothing at this address"}
    assert await queued(kipu) == []


async def test_a_hook_of_one_connection_does_not_open_another(kipu: Clinic) -> None:
    await kipu.connect("kipu", as_="second")
    mine, other = (await addresses(kipu))["chart-update"], (await addresses(kipu, "second"))["chart-update"]
    mixed = f"{other.rpartition('/')[0]}/{mine.rpartition('/')[2]}"
    assert (await kipu.fhir.http.post(mixed)).status_code == 404


async def test_a_connection_that_does_not_pull_is_not_made_to(clinic: Clinic) -> None:
    await clinic.connect("kipu", pull="false")
    assert (await clinic.fhir.http.post((await addresses(clinic))["chart-update"])).status_code == 202
    assert await queued(clinic) == []


async def test_a_storm_of_hooks_queues_one_pull(kipu: Clinic) -> None:
    url = (await addresses(kipu))["chart-update"]
    for _ in range(20):
        assert (await kipu.fhir.http.post(url)).status_code == 202
    assert len(await queued(kipu)) == 1


async def test_a_hundred_hooks_at_once_are_answered_within_a_second_each(kipu: Clinic) -> None:
    first, second = (await addresses(kipu)).values()
    took: list[float] = []

    async def call(url: str) -> int:
        started = time.monotonic()
        answer = await kipu.fhir.http.post(url, json={"casefile_id": CASEFILE})
        took.append(time.monotonic() - started)
        return answer.status_code

    assert set(await asyncio.gather(*(call(url) for url in (first, second) * 50))) == {202}
    assert max(took) < HASTE_S
    assert 1 <= len(await queued(kipu)) <= 2
    assert 1 <= len(await queued(kipu, "fetch")) <= 2
    assert await wanted(kipu) == [CASEFILE]


async def test_what_is_answered_is_queued_already(kipu: Clinic) -> None:
    """No answer before the commit: whoever looks at the queue when it comes finds the pull."""
    for url in (await addresses(kipu)).values():
        await kipu.fhir.http.post(url)
        assert len(await queued(kipu)) == 1


@pytest.mark.parametrize("body", [
    f'{{"data": {{"casefile_id": "{CASEFILE}"}}}}'.encode(),
    f"casefile_id=4711%3A{MASTER}&event=chart".encode(),
    f'{{"patient_id": 4711, "patient_master_id": "{MASTER.upper()}"}}'.encode(),
    f"<patient><patient_master_id>{MASTER}</patient_master_id><patient_id>4711</patient_id></patient>".encode(),
])  # fmt: skip
async def test_a_chart_that_is_named_is_fetched_at_once(kipu: Clinic, body: bytes) -> None:
    await kipu.fhir.http.post((await addresses(kipu))["chart-update"], content=body)
    assert await wanted(kipu) == [CASEFILE]
    assert len(await queued(kipu, "fetch")) == len(await queued(kipu)) == 1


@pytest.mark.parametrize("body", [
    b'{"casefile_id": "4711:none"}', b'{"patient_id": 4711}', b"\x00\xff:" + MASTER.encode(),
    f'[{{"patient_id": 1, "patient_master_id": "{MASTER}"}}, {{"patient_id": 2}}]'.encode(),
])  # fmt: skip
async def test_what_names_no_chart_is_a_trigger_all_the_same(kipu: Clinic, body: bytes) -> None:
    await kipu.fhir.http.post((await addresses(kipu))["chart-update"], content=body)
    assert (await wanted(kipu), await queued(kipu, "fetch"), len(await queued(kipu))) == ([], [], 1)


async def test_no_body_names_charts_without_end(kipu: Clinic) -> None:
    body = " ".join(f"{number}:{MASTER}" for number in range(5000))
    await kipu.fhir.http.post((await addresses(kipu))["chart-update"], content=body.encode())
    assert len(await wanted(kipu)) == 20


async def test_it_is_remembered_when_each_was_seen(kipu: Clinic) -> None:
    await kipu.fhir.http.post((await addresses(kipu))["chart-update"])
    (row,) = (await list_connections(kipu.services, "north"))["connections"]
    assert row["webhooks"]["chart-update"]["last_seen"] is not None
    assert row["webhooks"]["patient-creation"] == {"last_seen": None}


async def wanted(clinic: Clinic) -> list[str]:
    def keys(session: Session) -> list[str]:
        return [row.key for row in session.exec(select(Recall).order_by(Recall.key))]

    return await clinic.session(keys)


async def test_a_large_body_is_refused(kipu: Clinic) -> None:
    url = (await addresses(kipu))["chart-update"]
    assert (await kipu.fhir.http.post(url, content=b"x" * 300_000)).status_code == 413
    assert await queued(kipu) == []


async def test_only_posts_are_hooks(kipu: Clinic) -> None:
    assert (await kipu.fhir.http.get((await addresses(kipu))["chart-update"])).status_code == 405
