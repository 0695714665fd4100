"""Words that lack a mapping: the EMR's programs, and places that a refused push needed."""

from __future__ import annotations

from typing import Any

from gateway.commands.mapping import mappings_of, put_mapping
from gateway.faults import EmrRefused
from gateway.sync import gaps
from gateway.translation.contract import Part
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Field
from gateway.translation.unmapped import Unmapped
from tests.gateway.sync.clinic import Clinic, patient
from tests.gateway.sync.vendor import BINDINGS, STAY, chart, places, record, take

CLASS = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
PROGRAM = ResourceMap(
    "Encounter",
    frozenset(),
    (Field("status", "status"), Field("program", "serviceType.text")),
    constants={"class": CLASS},
).bound(BINDINGS)
KEYED = ResourceMap("Location", frozenset(), (Field("name", "name"), Field("id", "identifier[system=$id].value")))


def in_program(key: str, whose: str, program: str) -> Part:
    told = {"status": "in-progress", "program": program}
    return Part(PROGRAM, key, told, {"subject": f"emr:Patient/{whose}"})


async def missing(clinic: Clinic) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await mappings_of(clinic.services, "north", "internal")).get("missing", [])
    return found


async def test_the_emrs_programs_without_a_word_of_the_crm_are_told_with_how_many_have_them(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    assert "missing" not in await mappings_of(clinic.services, "north", "internal")
    await put_mapping(clinic.services, "north", "internal", "program", "Day program", "DAY")
    one = chart(record(), in_program("s1", "7", "Evening group"), in_program("s2", "7", "Evening group"))
    two = chart(record(id="8", first="Kim"), in_program("s3", "8", "Evening group"), in_program("s4", "8", "Day prog"))
    three = chart(
        record(id="9", first="Lee"),
        in_program("s5", "9", "Day program"),
        Part(STAY, "s6", {"status": "finished"}, {"subject": "emr:Patient/9"}),
    )
    await take(clinic, one, two, three)
    assert await missing(clinic) == [
        {"mapping": "program", "from": None, "to": "Evening group", "near": [], "patients": 2},
        {"mapping": "program", "from": None, "to": "Day prog", "near": ["Day program"], "patients": 1},
    ]


async def test_a_place_that_a_refused_push_needed_is_told_with_what_is_like_it(clinic: Clinic) -> None:
    await clinic.connect("internal")
    listed = places(a="Main Street", b="Old Town")
    keyed = [Part(KEYED.bound(BINDINGS), part.key, {**part.record, "id": part.key}) for part in listed.parts]
    await take(clinic, type(listed)(None, tuple(keyed)))
    await clinic.put(patient("p1"))
    push = clinic.services.sync.workflows.pushes.push
    fault = EmrRefused("a location is needed", unmapped=(Unmapped("location", "main street clinic"),))
    await clinic.write(lambda tx: push.fail(tx, clinic.realm, "internal", "p1", fault, 1, None, "holder"))
    assert await missing(clinic) == [
        {"mapping": "location", "from": "main street clinic", "to": None, "near": ["a (Main Street)"], "patients": 1}
    ]
    answer = await put_mapping(clinic.services, "north", "internal", "location", "main street clinic", "a")
    assert answer["pushed_again"] == 1
    row = await clinic.connection("internal")
    await clinic.session(lambda session: gaps.keep(session, row.id or 0, "p1", (), 0))
    assert await missing(clinic) == []
