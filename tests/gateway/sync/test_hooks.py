"""Inbound webhooks: a trigger and nothing more, whose address is the only credential."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.sync.orders import Order
from tests.gateway.conftest import issue
from tests.gateway.sync.clinic import Clinic


@pytest.fixture
async def kipu(clinic: Clinic) -> Clinic:
    await clinic.connect("kipu")
    return clinic


async def addresses(clinic: Clinic, name: str = "kipu") -> dict[str, str]:
    return clinic.services.sync.connections.hooks(clinic.realm, await clinic.connection(name))


async def queued(clinic: Clinic) -> list[Order]:
    found = await clinic.services.sync.client.list_workflows_async(name="pull", load_output=False)
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


async def test_a_large_body_is_refused(kipu: Clinic) -> None:
    url = (await addresses(kipu))["chart-update"]
    assert (await kipu.fhir.http.post(url, content=b"x" * 300_000)).status_code == 413
    assert await queued(kipu) == []


async def test_only_posts_are_hooks(kipu: Clinic) -> None:
    assert (await kipu.fhir.http.get((await addresses(kipu))["chart-update"])).status_code == 405
