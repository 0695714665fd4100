"""Records that an EMR makes in two steps: seen by everybody between them, and never made twice."""

from __future__ import annotations

import pytest

from gateway.faults import EmrRefused, EmrUnreachable
from gateway.sync import deliveries, overview
from gateway.sync.deliveries import Ledger
from gateway.sync.push import Waits
from gateway.translation.contract import Halfway, Pushed
from gateway.translation.lens import LeftOut
from tests.gateway.sync.clinic import Clinic, outputs, patient
from tests.gateway.sync.test_push import DONE, begin, fail, push, succeed

HALF = Halfway("17", "The EMR has the name only", {"id": "17", "name": "Rowan"})


@pytest.fixture
async def ritten(clinic: Clinic) -> Clinic:
    await clinic.connect("ritten")
    await clinic.put(patient("p1"))
    return clinic


async def halfway(clinic: Clinic, half: Halfway = HALF) -> None:
    sync = clinic.services.sync
    await Ledger(clinic.services.store, sync.connections, clinic.realm, "ritten", "p1").halfway(half)


async def in_part(clinic: Clinic) -> int:
    rooms, row = clinic.services.sync.connections, await clinic.connection("ritten")
    told = await clinic.session(lambda s: overview.connection(s, rooms, clinic.realm, row, 0))
    return int(told["delivered_in_part"])


async def test_a_half_is_remembered_and_told(ritten: Clinic) -> None:
    await begin(ritten)
    await halfway(ritten)
    (link,) = await ritten.links("ritten")
    assert (link.external_key, link.record) == ("17", b'{"id":"17","name":"Rowan"}')
    task = await ritten.task("ritten", "p1")
    assert (task["status"], task["statusReason"]["text"]) == (
        "in-progress",
        "The EMR has the name only; the rest follows",
    )
    assert task["businessStatus"]["coding"][0]["code"] == "delivered-in-part"
    assert outputs(task, "external-id") == ["17"]
    (entry,) = await ritten.entries("ritten")
    assert (entry.operation, entry.status, entry.detail) == (
        "create",
        "halfway",
        "The EMR has the name only; the rest follows",
    )
    assert await in_part(ritten) == 1


async def test_what_stops_the_rest_is_told_with_the_half(ritten: Clinic) -> None:
    await begin(ritten)
    await halfway(ritten)
    await fail(ritten, EmrUnreachable("The EMR is away"), 30)
    task = await ritten.task("ritten", "p1")
    assert task["status"] == "in-progress"
    assert task["statusReason"]["text"] == (
        "The EMR has the name only; the rest follows: The EMR is away; next attempt in 30 s"
    )
    begun = await begin(ritten, "w2")
    assert begun is not None
    assert (begun.link.external_id, begun.link.record) == ("17", {"id": "17", "name": "Rowan"})
    assert (await ritten.task("ritten", "p1"))["statusReason"]["text"] == "The EMR has the name only; the rest follows"
    await fail(ritten, EmrRefused("The EMR refused it"), None, "w2")
    task = await ritten.task("ritten", "p1")
    assert task["status"] == "failed"
    assert task["statusReason"]["text"] == "The EMR has the name only; the rest was not taken: The EMR refused it"
    assert task["businessStatus"]["coding"][0]["code"] == "delivered-in-part"
    assert await in_part(ritten) == 1


async def test_the_whole_ends_it(ritten: Clinic) -> None:
    begun = await begin(ritten)
    await halfway(ritten)
    await succeed(ritten, begun)
    task = await ritten.task("ritten", "p1")
    assert (task["status"], task.get("businessStatus"), task.get("statusReason")) == ("completed", None, None)
    assert await in_part(ritten) == 0
    assert [entry.status for entry in await ritten.entries("ritten")] == ["halfway", "ok"]


async def test_a_half_never_takes_a_known_key_back(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    await halfway(ritten, Halfway("18", "The EMR has another", {}))
    await halfway(ritten)
    (link,) = await ritten.links("ritten")
    assert (link.external_key, link.record) == ("17", b'{"id":"17"}')


async def test_a_patient_who_is_gone_is_no_longer_listed(ritten: Clinic) -> None:
    await begin(ritten)
    await halfway(ritten)
    await ritten.write(lambda tx: tx.delete("Patient", "p1"))
    assert await begin(ritten) is None
    id = (await ritten.connection("ritten")).id or 0
    assert await ritten.session(lambda s: deliveries.halfway(s, id)) == []


async def test_a_part_that_is_refused_fails_the_push_and_loses_nothing(ritten: Clinic) -> None:
    begun = await begin(ritten)
    assert begun is not None
    pushed = Pushed("17", {"id": "17"}, DONE.identifiers, left_out=(LeftOut("Coverage", "refused"),), refused="Mend it")
    ended = await ritten.write(lambda tx: push(ritten).succeed(tx, ritten.realm, "ritten", begun, pushed, 1, "w1"))
    assert ended.waits is Waits.REFUSED
    task = await ritten.task("ritten", "p1")
    assert (task["status"], task["statusReason"]["text"]) == ("failed", "Mend it")
    assert outputs(task, "external-id") == ["17"]
    (link,) = await ritten.links("ritten")
    assert (link.external_key, link.pushed, link.holder) == ("17", None, None)
    assert (await ritten.entries("ritten"))[-1].status == "failed"
    assert await begin(ritten) is not None
