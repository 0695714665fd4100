"""From the launch of one patient, and from another organisation, nothing of patient B is seen, counted or inferred.

B's resources hold a canary in every text that the generator can put one into. The same questions are asked twice, of
a world with B and of one in which B was never there: every answer has to be the same but for what differs in time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.definitions.contract import Definitions, SearchParameter
from tests.gateway.conftest import SOUTH, Fhir, bundle, entry
from tests.gateway.definitions.strategies import DEFINITIONS
from tests.security.world import HERSELF, A, B, Resource, World, id_of, resource_of, types

CANARY = "canary-of-b"
TYPES = types(DEFINITIONS)
MEMBERS = [type for type in TYPES if type in DEFINITIONS.patient_compartment]
VALUES: dict[str, tuple[str, ...]] = {
    "token": (CANARY, f"urn:canary|{CANARY}", "x", f"{CANARY},x"),
    "string": (CANARY, "x"),
    "date": ("ge2000", "lt2100", "2026"),
    "reference": (f"Patient/{B}", B, f"Patient/{A}"),
    "number": ("ge0",),
    "quantity": ("ge0",),
    "uri": (f"urn:{CANARY}", "https://example.org/x"),
    "composite": (f"{CANARY}$x",),
    "special": (),
}
MODIFIERS: dict[str, tuple[str, ...]] = {
    "token": (":not", ":text", ":missing"),
    "string": (":exact", ":contains", ":missing"),
    "reference": (":missing", ":identifier", ":Patient"),
    "uri": (":below", ":above", ":missing"),
}
CHANGING = re.compile(r'"(?:lastUpdated|lastModified)":"[^"]*"|_page=[\w-]+|"id":"[0-9a-f-]{36}"')


def chart(patient: str, mark: str) -> list[Resource]:
    """One of every type that can be in a compartment."""
    made = [resource_of(DEFINITIONS, type, patient, mark) for type in MEMBERS if type != "Patient"]
    family = {"family": mark or "Known", "given": [mark or "Anna"]}
    identifier = {"system": "urn:canary", "value": mark or "known"}
    return [{**resource_of(DEFINITIONS, "Patient", patient, mark), "name": [family], "identifier": [identifier]}, *made]


def parameters(definitions: Definitions, type: str) -> Iterator[SearchParameter]:
    yield from (each for each in definitions.search_parameters(type).values() if VALUES.get(each.kind))


def questions(type: str) -> Iterator[str]:
    """Every parameter, modifier, chain, reverse chain, include and order of a type."""
    for each in parameters(DEFINITIONS, type):
        for value in VALUES[each.kind]:
            yield f"{type}?{each.code}={value}"
        for modifier in MODIFIERS.get(each.kind, (":missing",)):
            value = "false" if modifier == ":missing" else B if modifier == ":Patient" else CANARY
            yield f"{type}?{each.code}{modifier}={value}"
        yield f"{type}?_sort=-{each.code}"
        if each.kind == "reference":
            yield f"{type}?_include={type}:{each.code}&_include:iterate=*"
            if "Patient" in (each.targets or ("Patient",)):
                yield f"{type}?{each.code}:Patient.family={CANARY}"
                yield f"{type}?{each.code}:Patient._id={B}"
                yield f"{type}?{each.code}:Patient._has:Observation:patient:_tag={CANARY}"
                yield f"Patient?_has:{type}:{each.code}:_tag={CANARY}"
                yield f"Patient?_id={B}&_has:{type}:{each.code}:_id={id_of(type, B)}"
                yield f"Patient?_revinclude={type}:{each.code}"
    id = id_of(type, B)
    yield from (
        f"{type}/{id}{end}" for end in ("", "/_history", "/_history/1", "/$meta", "/$validate", "?_summary=true")
    )
    yield from (f"{type}{end}" for end in ("", "/_history", "/$meta", "?_summary=count", "?_total=accurate&_count=1"))
    yield f"{type}?_include=*&_revinclude=*&_include:iterate=*&_revinclude:iterate=*"
    yield f"Patient/{B}/{type}"
    yield f"?_type={type}&_tag={CANARY}"


def of_all_types() -> Iterator[str]:
    yield from (
        f"Patient/{B}",
        f"Patient/{B}/$everything",
        f"Patient/{B}/*",
        f"Patient/{A}/*",
        f"Patient/{A}/$everything",
    )
    yield from (
        "_history",
        "$meta",
        f"?_tag={CANARY}",
        "?_summary=count",
        f"?_id={B}",
        f"Patient?_list={id_of('List', B)}",
    )


async def asked(fhir: Fhir, path: str) -> tuple[int, str]:
    answer = await fhir.ask("GET", path)
    return answer.status_code, CHANGING.sub("", answer.text)


async def answers(world: World, fhir: Fhir, paths: list[str]) -> dict[str, tuple[int, str]]:
    return {path: await asked(fhir, path) for path in paths}


def leaks(found: dict[str, tuple[int, str]]) -> dict[str, str]:
    """What an answer holds of B that the question did not say."""
    told = {}
    for path, (status, text) in found.items():
        assert status != 500, (path, text)
        said = {CANARY, B, *(id_of(type, B) for type in MEMBERS)} - set(re.findall(r"[\w-]+", path))
        holds = sorted(said.intersection(re.findall(r"[\w-]+", text)))
        if holds:
            told[path] = f"{status} {holds} {text[:300]}"
    return told


def herself(world: World) -> Fhir:
    return world.caller("patient/*.cruds", patient=A, **HERSELF)


async def with_and_without(world: World, fhir: Fhir, paths: list[str]) -> None:
    without = await answers(world, fhir, paths)
    await world.load(*chart(B, CANARY))
    found = await answers(world, fhir, paths)
    assert leaks(found) == {}
    different = {path: (without[path], found[path]) for path in paths if without[path] != found[path]}
    assert different == {}


@pytest.mark.parametrize("part", range(4))
async def test_every_search_of_every_type(world: World, part: int) -> None:
    await world.load(*chart(A, ""))
    paths = [path for type in MEMBERS[part::4] for path in dict.fromkeys(questions(type))]
    await with_and_without(world, herself(world), paths)


async def test_what_goes_through_all_types(world: World) -> None:
    await world.load(*chart(A, ""))
    await with_and_without(world, herself(world), list(of_all_types()))


async def test_scopes_of_a_client_for_one_patients_records(world: World) -> None:
    """The same by a scope that is limited by a search parameter."""
    await world.load(*chart(A, ""))
    scope = f"system/Observation.rs?patient=Patient/{A} system/Patient.rs?_id={A}"
    paths = [*questions("Observation"), *questions("Patient")]
    await with_and_without(world, world.caller(scope), [path for path in paths if "Patient." not in path])


async def test_bundles_operations_and_writes(world: World) -> None:
    await world.load(*chart(A, ""))
    fhir = herself(world)
    without = [await written(fhir, body) for body in BODIES]
    await world.load(*chart(B, CANARY))
    found = [await written(fhir, body) for body in BODIES]
    assert found == without
    assert leaks({f"{at} {body}": each for at, (body, each) in enumerate(zip(BODIES, found, strict=True))}) == {}


def parameters_of(**parameter: Any) -> Resource:
    return {"resourceType": "Parameters", "parameter": [parameter]}


KNOWN_AS = {
    "resourceType": "Patient",
    "name": [{"family": CANARY, "given": [CANARY]}],
    "identifier": [{"system": "urn:canary", "value": CANARY}],
}
READS = (f"Patient/{B}", f"Patient?_id={B}", "_history")
NEW = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
OF_B = {**NEW, "subject": {"reference": f"Patient/{B}"}}
BY_NAME = {**NEW, "subject": {"reference": f"Patient?family={CANARY}"}}
BODIES: list[tuple[str, str, Any]] = [
    ("POST", "", bundle(*(entry("GET", path) for path in READS), type="batch")),
    ("POST", "", bundle(entry("GET", f"Patient/{B}/$everything"), type="batch")),
    ("POST", "", bundle(entry("POST", "Observation", BY_NAME))),
    ("POST", "", bundle(entry("POST", "Observation", OF_B), type="batch")),
    ("POST", "", bundle(entry("DELETE", f"Observation/{id_of('Observation', B)}"), type="batch")),
    ("POST", "", bundle(entry("PUT", f"Patient/{B}", {"resourceType": "Patient", "id": B}), type="batch")),
    ("POST", "Observation", OF_B),
    ("PUT", f"Patient/{B}", {"resourceType": "Patient", "id": B}),
    ("PUT", f"Patient?identifier=urn:canary|{CANARY}", {"resourceType": "Patient", "id": B}),
    ("PUT", f"Observation/{id_of('Observation', A)}", {**OF_B, "id": id_of("Observation", A)}),
    ("DELETE", f"Patient/{B}", None),
    ("DELETE", f"Patient?family={CANARY}", None),
    ("DELETE", f"Observation?_tag={CANARY}", None),
    ("POST", "Patient/$match", parameters_of(name="resource", resource=KNOWN_AS)),
    ("POST", f"Patient/{B}/$meta-add", parameters_of(name="meta", valueMeta={"tag": [{"code": "t"}]})),
]  # fmt: skip


async def written(fhir: Fhir, body: tuple[str, str, Any]) -> tuple[int, str]:
    method, path, sent = body
    answer = await fhir.ask(method, path, sent)
    return answer.status_code, CHANGING.sub("", answer.text)


async def test_another_organisation_sees_nothing(world: World) -> None:
    """South has patients of the same ids; what is loaded at north changes none of its answers."""
    from gateway.auth.scopes import Scopes
    from gateway.auth.verification import Caller
    from tests.security.world import remember

    remember(world.services.auth.verifier, "south", Caller(2, "south", "app", Scopes.parse("system/*.cruds")))
    south = Fhir(world.http, SOUTH, "south")
    for resource in chart(A, ""):
        await south.ask("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    paths = [*questions("Observation"), *questions("Patient"), *questions("Appointment"), *of_all_types()]
    await with_and_without(world, south, paths)


def test_the_canary_is_where_it_is_looked_for() -> None:
    assert all(CANARY in json.dumps(resource) for resource in chart(B, CANARY))
    assert {resource["resourceType"] for resource in chart(B, CANARY)} == set(MEMBERS)
