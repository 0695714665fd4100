"""Words that no mapping table knows: kept per patient, told, and pushed again once they are mapped."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sync import gaps, overview
from gateway.sync.mappings import set_mapping
from gateway.sync.push import Waits
from gateway.sync.tables import Link
from gateway.translation.contract import Part, Pulled, Pushed
from gateway.translation.lens import LeftOut
from gateway.translation.unmapped import Unmapped, mapping_command
from tests.gateway.sync.clinic import Clinic, outputs, patient
from tests.gateway.sync.test_push import begin, push, succeed
from tests.gateway.sync.vendor import BINDINGS, take
from translators.ritten.organization import PAYER


def lacking(*sources: str, target: str | None = None) -> Pushed:
    words = tuple(Unmapped("payer", source, target, ("60054 (Prairie)",)) for source in sources)
    left_out = (
        LeftOut("Patient.photo", "no field of the EMR carries it"),
        LeftOut("Coverage/c1", "not mapped", notable=True, unmapped=words),
    )
    return Pushed("17", {"id": "17"}, left_out=left_out)


@pytest.fixture
async def ritten(clinic: Clinic) -> Clinic:
    await clinic.connect("ritten")
    await clinic.put(patient("p1"), patient("p2"))
    return clinic


async def missing(clinic: Clinic) -> list[dict[str, Any]]:
    rooms, row = clinic.services.sync.connections, await clinic.connection("ritten")
    told = await clinic.session(lambda s: overview.connection(s, rooms, clinic.realm, row, 0))
    found: list[dict[str, Any]] = told["mappings_missing"]
    return found


async def queued(clinic: Clinic) -> list[tuple[str, ...]]:
    found = await clinic.services.sync.client.list_workflows_async(name="push", load_input=True)
    return [workflow.input["args"][0].patients for workflow in found if workflow.input]


async def test_what_is_missing_is_told_first_and_once_for_all_patients(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten), lacking("EVG"))
    other = lacking("EVG", "HBM")
    await succeed(ritten, await begin(ritten, id="p2"), Pushed("18", {"id": "18"}, left_out=other.left_out))
    assert await missing(ritten) == [
        {"mapping": "payer", "from": "EVG", "to": None, "near": ["60054 (Prairie)"], "patients": 2},
        {"mapping": "payer", "from": "HBM", "to": None, "near": ["60054 (Prairie)"], "patients": 1},
    ]
    task = await ritten.task("ritten", "p1")
    assert outputs(task, "left-out") == ["Coverage/c1: not mapped", "Patient.photo: no field of the EMR carries it"]
    entry = (await ritten.entries("ritten"))[0]
    assert entry.detail == "200 OK; 2 facts left out, see the Task; Coverage/c1: not mapped"


async def test_a_mapping_pushes_who_waited_for_it_and_nobody_else(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten), lacking("EVG"))
    await succeed(ritten, await begin(ritten, id="p2"), Pushed("18", None, left_out=lacking("HBM").left_out))
    tables = ritten.services.sync.gaps
    told = await ritten.write(lambda tx: tables.set(tx, ritten.realm, "ritten", "payer", " EVG ", "60054"))
    assert told == ((), 1)
    assert await queued(ritten) == [("p1",)]
    task = await ritten.task("ritten", "p1")
    assert (task["status"], task["statusReason"]["text"]) == ("requested", "payer EVG is mapped now")
    assert await ritten.status("ritten", "p2") == "completed"
    await succeed(ritten, await begin(ritten), Pushed("17", {"id": "17"}))
    assert [row["from"] for row in await missing(ritten)] == ["HBM"]
    assert (await ritten.write(lambda tx: tables.set(tx, ritten.realm, "ritten", "program", "HBM", "1")))[1] == 0


async def test_a_word_that_is_mapped_while_a_push_is_under_way_is_not_forgotten(ritten: Clinic) -> None:
    rooms, row = ritten.services.sync.connections, await ritten.connection("ritten")
    begun = await begin(ritten)
    assert begun is not None
    await ritten.session(lambda s: set_mapping(s, row, rooms.translator(row), "payer", "EVG", "60054"))
    ended = await ritten.write(
        lambda tx: push(ritten).succeed(tx, ritten.realm, "ritten", begun, lacking("EVG"), 1, "w1")
    )
    assert ended.waits is Waits.REMAPPED
    again = await begin(ritten)
    assert again is not None
    known = lacking("EVG", target="60054")
    ended = await ritten.write(lambda tx: push(ritten).succeed(tx, ritten.realm, "ritten", again, known, 1, "w1"))
    assert ended.waits is None


async def test_a_patient_who_is_gone_waits_for_nothing(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten), lacking("EVG"))
    await ritten.write(lambda tx: tx.delete("Patient", "p1"))
    assert await begin(ritten) is None
    id = (await ritten.connection("ritten")).id or 0
    assert await ritten.session(lambda s: gaps.wanted(s, id)) == []


async def test_a_payer_is_mapped_to_one_that_was_pulled(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    rooms, row = clinic.services.sync.connections, await clinic.connection("internal")

    async def told(target: str) -> tuple[str, ...]:
        return await clinic.session(lambda s: set_mapping(s, row, rooms.translator(row), "payer", "EVG", target))

    ours = {"resourceType": "Organization", "type": [{"coding": [{"code": "pay"}]}], "identifier": [{"value": "EVG"}]}
    await clinic.put({**ours, "id": "o1"})
    pushed = Link(org=row.org, connection=row.id or 0, type="Organization", local_id="o1", external_key="a9")
    await clinic.session(lambda s: s.add(pushed))
    assert await told("60054") == ()
    lens = PAYER.bound(BINDINGS)
    listed = (("a1", "60054", "Prairie Health"), ("a2", "87726", "Union Mutual"))
    parts = [Part(lens, key, {"id": key, "payerIdentifier": code, "name": name}) for key, code, name in listed]
    assert (await take(clinic, Pulled(None, tuple(parts))))["failed"] == 0
    assert [await told(target) for target in ("60054", "a2")] == [(), ()]
    for target, near in (("prairie health", "60054 (Prairie Health)"), ("8772", "87726 (Union Mutual)")):
        (warning,) = await told(target)
        assert warning.endswith(f"there is {near}"), warning


def test_a_command_can_be_pasted() -> None:
    assert mapping_command("demo", "main", "payer", "BC/BS of KS", "X").endswith("main payer 'BC/BS of KS' X")
