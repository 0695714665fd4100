"""The outbox: which writes cause pushes, all in the transaction of the write."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from gateway.sync.connections import Changed
from gateway.sync.orders import Order
from tests.gateway.conftest import entry
from tests.gateway.sync.clinic import Clinic, Resource, patient

P1, P2 = "Patient/p1", "Patient/p2"


async def queued(clinic: Clinic) -> list[Order]:
    """What waits in the push queue, oldest first."""
    found = await clinic.services.sync.client.list_workflows_async(name="push", load_output=False)
    return [workflow.input["args"][0] for workflow in found if workflow.input]


async def put(clinic: Clinic, *resources: Resource) -> None:
    entries = [entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in resources]
    answer = await clinic.fhir.transaction(*entries)
    assert answer.status_code == 200, answer.text


def coverage(whose: str, id: str = "c1", **more: Any) -> Resource:
    return {
        "resourceType": "Coverage",
        "id": id,
        "status": "active",
        "beneficiary": {"reference": whose},
        "payor": [{"reference": whose}],
        **more,
    }


@pytest.fixture
async def ritten(clinic: Clinic) -> Clinic:
    await clinic.connect("ritten")
    return clinic


async def test_one_push_per_commit_and_connection(ritten: Clinic) -> None:
    await ritten.connect("kipu")
    await put(ritten, patient("p1"), patient("p2"), coverage(P1))
    assert {(order.connection, order.patients) for order in await queued(ritten)} == {
        ("ritten", ("p1", "p2")),
        ("kipu", ("p1", "p2")),
    }
    assert {await ritten.status(name, id) for name in ("ritten", "kipu") for id in ("p1", "p2")} == {"requested"}


async def test_a_write_that_changes_nothing_causes_nothing(ritten: Clinic) -> None:
    await put(ritten, patient("p1"))
    before = await ritten.version("Task", (await ritten.task("ritten", "p1"))["id"])
    await put(ritten, patient("p1"))
    assert len(await queued(ritten)) == 1
    assert await ritten.version("Task", (await ritten.task("ritten", "p1"))["id"]) == before


async def test_a_refused_write_causes_nothing(ritten: Clinic) -> None:
    wrong = {"resourceType": "Patient", "id": "p2", "gender": "neither"}
    answer = await ritten.fhir.transaction(entry("PUT", P1, patient("p1")), entry("PUT", P2, wrong))
    assert answer.status_code in (400, 422)
    assert await queued(ritten) == []
    assert await ritten.status("ritten", "p1") is None


async def test_the_parts_of_a_chart_push_their_patient(ritten: Clinic) -> None:
    await ritten.put(patient("p1"))
    await put(ritten, coverage(P1))
    assert [order.patients for order in await queued(ritten)] == [("p1",)]


async def test_a_part_that_moves_pushes_both_patients(ritten: Clinic) -> None:
    await ritten.put(patient("p1"), patient("p2"), coverage(P1))
    await put(ritten, coverage(P2))
    assert [set(order.patients) for order in await queued(ritten)] == [{"p1", "p2"}]


async def test_a_part_that_is_deleted_pushes_its_patient(ritten: Clinic) -> None:
    await ritten.put(patient("p1"), coverage(P1))
    assert (await ritten.fhir.ask("DELETE", "Coverage/c1")).status_code == 204
    assert [order.patients for order in await queued(ritten)] == [("p1",)]


async def test_a_deleted_patient_is_not_pushed(ritten: Clinic) -> None:
    await ritten.put(patient("p1"), coverage(P1))
    assert (await ritten.fhir.ask("DELETE", P1)).status_code == 204
    assert (await ritten.fhir.ask("DELETE", "Coverage/c1")).status_code == 204
    assert await queued(ritten) == []


async def test_what_belongs_to_nobody_is_not_pushed(ritten: Clinic) -> None:
    await put(ritten, {"resourceType": "Organization", "id": "o1", "name": "Payer"}, coverage("Patient/elsewhere"))
    assert await queued(ritten) == []


async def test_a_connection_may_be_told_not_to_push(ritten: Clinic) -> None:
    await ritten.connect("kipu", push="false")
    await put(ritten, patient("p1"))
    assert [order.connection for order in await queued(ritten)] == ["ritten"]
    assert await ritten.status("kipu", "p1") is None


async def test_connections_of_others_are_not_told(ritten: Clinic, clinic: Clinic) -> None:
    def to_south(session: Session) -> None:
        rooms = clinic.services.sync.connections
        row = rooms.change(session, clinic.realm, "ritten", Changed({}, {}))
        row.org = 2
        session.add(row)

    await ritten.session(to_south)
    await put(ritten, patient("p1"))
    assert await queued(ritten) == []


async def test_a_delay_gives_the_crm_time_to_finish(ritten: Clinic) -> None:
    await ritten.connect("kipu", write_delay_s="90")
    await put(ritten, patient("p1"))
    found = await ritten.services.sync.client.list_workflows_async(name="push", load_output=False)
    assert {each.input["args"][0].connection: each.status for each in found if each.input} == {
        "ritten": "ENQUEUED",
        "kipu": "DELAYED",
    }
    delayed = next(each for each in found if each.status == "DELAYED")
    assert delayed.delay_until_epoch_ms is not None
    assert 85_000 < delayed.delay_until_epoch_ms - (delayed.created_at or 0) < 95_000
