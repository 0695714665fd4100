"""Webhooks whose bodies the vendor has published: what they name is fetched; other bodies are refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from gateway.commands.connection import list_connections
from gateway.sync.orders import Order
from gateway.sync.stays import Recall
from tests.gateway.conftest import issue
from tests.gateway.sync.clinic import Clinic

PERSON = "182c2e54-3494-4b85-aba5-038cf5390001"
ORDER = Order(1, "north", "ritten")


@pytest.fixture
async def ritten(clinic: Clinic) -> Clinic:
    await clinic.connect("ritten")
    return clinic


async def addresses(clinic: Clinic) -> dict[str, str]:
    return clinic.services.sync.connections.hooks(clinic.realm, await clinic.connection("ritten"))


async def queued(clinic: Clinic, name: str) -> list[Order]:
    found = await clinic.services.sync.client.list_workflows_async(name=name, load_output=False)
    return [workflow.input["args"][0] for workflow in found if workflow.input]


async def wanted(clinic: Clinic) -> list[str]:
    return await clinic.session(lambda session: sorted(session.exec(select(Recall.key)).all()))


async def seen(clinic: Clinic) -> set[str]:
    (row,) = (await list_connections(clinic.services, "north"))["connections"]
    return {hook for hook, told in row["webhooks"].items() if told["last_seen"]}


async def test_each_address_takes_every_type_and_leads_to_no_walk(ritten: Clinic, log_lines: list[Any]) -> None:
    urls = await addresses(ritten)
    (row,) = (await list_connections(ritten.services, "north"))["connections"]
    # Transfers and cases may never come.
    assert [warning.split()[2] for warning in row["warnings"]] == list(urls)[:2] + list(urls)[3:4]
    patients = [f"patient-{event}" for event in ("created", "admit", "transfer", "discharge")]
    assert list(urls) == [*patients, "case-created", "case-status-update"]
    for url in urls.values():
        told = {"type": "patient.discharge", "data": {"patientId": PERSON, "programId": "Secretprogram"}}
        answer = await ritten.fhir.http.post(url, json=told)
        assert (answer.status_code, answer.content) == (202, b"")
    assert (await queued(ritten, "fetch"), await queued(ritten, "pull")) == ([ORDER], [])
    assert (await wanted(ritten), await seen(ritten)) == ([PERSON], {"patient-discharge"})
    assert "Secretprogram" not in str(log_lines)
    assert PERSON not in str(log_lines)


async def test_who_names_nobody_or_is_not_known_leads_no_further_than_it_says(ritten: Clinic) -> None:
    url = (await addresses(ritten))["case-created"]
    told: dict[str, Any] = {"type": "case.created", "data": {"caseId": "c-1", "personSeekingTreatmentId": ""}}
    assert (await ritten.fhir.http.post(url, json=told)).status_code == 202
    assert (await queued(ritten, "fetch"), await wanted(ritten), await seen(ritten)) == ([], [], {"case-created"})
    told = {"type": "patient.updated", "data": {"patientId": PERSON}}
    assert (await ritten.fhir.http.post(url, json=told)).status_code == 202
    assert (await wanted(ritten), await seen(ritten)) == ([PERSON], {"case-created"})


async def test_another_body_is_refused_and_told_to_nobody(ritten: Clinic, log_lines: list[Any]) -> None:
    url = (await addresses(ritten))["patient-admit"]
    for body in (b"", b"Secretname", b"[]", b'{"type": "patient.admit"}', b"\xff\x00"):
        answer = await ritten.fhir.http.post(url, content=body)
        assert answer.status_code == 400
        assert "an object with" in issue(answer)["diagnostics"]
        assert "Secretname" not in str(log_lines) + answer.text
    assert (await ritten.fhir.http.post(f"{url}x", content=b"nonsense")).status_code == 404  # before the body
    assert (await queued(ritten, "fetch"), await wanted(ritten), await seen(ritten)) == ([], [], set())


async def test_a_hundred_at_once_are_fetched_once_each(ritten: Clinic) -> None:
    url = (await addresses(ritten))["patient-admit"]
    told = [{"type": "patient.admit", "data": {"patientId": f"p-{number % 40:02}"}} for number in range(100)]
    answers = await asyncio.gather(*(ritten.fhir.http.post(url, json=each) for each in told))
    assert {answer.status_code for answer in answers} == {202}
    assert await wanted(ritten) == [f"p-{number:02}" for number in range(40)]
    assert 1 <= len(await queued(ritten, "fetch")) <= 2
