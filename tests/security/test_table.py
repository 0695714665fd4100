"""Every type × every road × every spelling of scopes × one's own and another's resource: every cell is asked.

What to expect follows from two lines of `expected`, which know nothing of how the gateway works it out: every action
that a road takes has to be given on the type, and the resource has to be of those that it is given for.

Spellings that mean the same on a type (v1 and v2, scopes that give nothing, a role that takes away what a scope gives)
share their cells: over HTTP one of them asks, a different one from type to type, and what it is answered has to be what
each of them expects. Two things make that the same as asking all, and both are tested here: what a spelling means is
worked out for every type and action, and what is answered follows from nothing else. TABLE=full asks all the same.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Hashable, Iterable, Sequence

import httpx
import pytest
from starlette.applications import Starlette

from gateway.services import Services
from tests.gateway.conftest import Answer
from tests.gateway.definitions.strategies import DEFINITIONS
from tests.security.direct import DirectWorld
from tests.security.meaning import meaning, sight_of, stored
from tests.security.roads import (
    ABSENT,
    CREATING,
    DELETING,
    INCLUDING,
    MARKED,
    REACHED,
    READING,
    REFUSED,
    SEARCHING,
    WRITING,
    Aim,
    Road,
    answers_of_batch,
)
from tests.security.world import SPELLINGS, A, B, Spelling, World, id_of, resource_of, types

TYPES = types(DEFINITIONS)
LOOKING, CHANGING = (*READING, *SEARCHING, *INCLUDING), (*CREATING, *WRITING)
PATIENTS = (A, B)
ALL = os.environ.get("TABLE") == "full"
Group = Sequence[Spelling]


def expected(road: Road, spelling: Spelling, aim: Aim) -> str:
    if not all(spelling.permits(DEFINITIONS, aim.type, action) for action in road.needs):
        return ABSENT if road in INCLUDING and spelling.reach != "void" else REFUSED
    if road in CREATING and (spelling.reach == "id" or (spelling.reach == "own" and aim.type == "Patient")):
        return REFUSED  # what is new has an id that nobody was given before
    return REACHED if spelling.reaches(DEFINITIONS, aim.type, aim.patient) else road.unreached


def fits(road: Road, type: str, spelling: Spelling) -> bool:
    """A List is on the way of some roads, and cannot be where they lead as well."""
    if road.compartment_only and type not in DEFINITIONS.patient_compartment:
        return False
    return not road.also or (type != "List" and spelling.name not in ("another type", "nothing"))


def groups(type: str, roads: Iterable[Road]) -> list[tuple[Group, list[Road]]]:
    """Spellings that mean the same on the type and ask the same roads, the one that asks first."""
    found: dict[Hashable, tuple[list[Spelling], list[Road]]] = {}
    for spelling in SPELLINGS:
        for also in {road.also for road in roads}:
            fitting = [road for road in roads if road.also == also and fits(road, type, spelling)]
            key = spelling.name if ALL else meaning(sight_of(spelling, type, also), type, *on_the_way(also))
            found.setdefault((key, also, *(road.name for road in fitting)), ([], fitting))[0].append(spelling)
    return [(turned(same, TYPES.index(type)), fitting) for same, fitting in found.values() if fitting]


def on_the_way(also: Iterable[str]) -> tuple[str, ...]:
    return tuple(scope.partition(".")[0] for scope in also)


def turned(same: Group, by: int) -> Group:
    return [*same[by % len(same) :], *same[: by % len(same)]]


@pytest.mark.parametrize("type", TYPES)
def test_spellings_mean_what_they_say(type: str) -> None:
    resources = {patient: resource_of(DEFINITIONS, type, patient) for patient in PATIENTS}
    for spelling in SPELLINGS:
        for also in {road.also for road in LOOKING if fits(road, type, spelling)}:
            sight = sight_of(spelling, type, also)
            for action in "cruds":
                assert sight.allows(type, action) == spelling.permits(DEFINITIONS, type, action), (spelling, action)
                for patient, resource in resources.items():
                    reached = action in spelling.actions and spelling.reaches(DEFINITIONS, type, patient)
                    assert sight.sees(stored(resource), action) == reached, (spelling, action, patient)
                    assert sight.admits(resource, action) == reached, (spelling, action, patient)


@pytest.fixture
def direct(http: httpx.AsyncClient, services: Services, app: Starlette) -> DirectWorld:
    return DirectWorld(http, services, app=app)


@pytest.mark.parametrize("type", TYPES)
async def test_every_road(direct: DirectWorld, type: str) -> None:
    found = await aims(direct, type)
    for roads in (LOOKING, CHANGING):
        for same, fitting in groups(type, roads):
            for road, answers in await asked(direct, same[0], type, fitting, found):
                for aim, answer in zip(found, answers, strict=True):
                    told = road.told(answer, aim)
                    for spelling in same:
                        assert told == expected(road, spelling, aim), said(road, spelling, aim, answer)
    for same, fitting in groups(type, DELETING):
        for road in fitting:
            await check_deletes(direct, same, road, type, found)


async def aims(world: World, type: str) -> list[Aim]:
    definitions = world.services.definitions
    patients = [resource_of(definitions, "Patient", each) for each in PATIENTS]
    await world.load(*patients, *(resource_of(definitions, type, each) for each in PATIENTS))
    found = []
    for patient in PATIENTS:
        id = id_of(type, patient)
        await world.admin.ask("POST", f"{type}/{id}/$meta-add", MARKED)
        found.append(Aim(type, id, patient, (await world.admin.ask("GET", f"{type}/{id}")).json()))
    items = {"resourceType": "List", "id": "items", "status": "current", "mode": "working"}
    listed = {**items, "subject": {"reference": f"Patient/{A}"}}
    await world.load({**listed, "entry": [{"item": {"reference": aim.place}} for aim in found]})
    return found


async def asked(
    world: World, spelling: Spelling, type: str, roads: Sequence[Road], found: Sequence[Aim]
) -> list[tuple[Road, Sequence[Answer]]]:
    """All at once: none of them changes what another one finds."""
    fhir = world.caller(spelling.of(type, roads[0].also), **spelling.caller)
    batched = [road for road in roads if road.entry is not None]
    others = [road for road in roads if road.entry is None]
    answers = await asyncio.gather(*(road.answers(fhir, found) for road in others))
    answers += await answers_of_batch(batched, fhir, found) if batched else []
    return [*zip([*others, *batched], answers, strict=True)]


async def check_deletes(world: World, same: Group, road: Road, type: str, found: Sequence[Aim]) -> None:
    """What was reached is seen by an administrator: a delete of what is not there is answered alike."""
    fhir = world.caller(same[0].of(type), **same[0].caller)
    for aim in found:
        answer = await road.ask(fhir, aim)
        gone = (await world.admin.ask("GET", aim.place)).status_code == 410
        for spelling in same:
            wanted = expected(road, spelling, aim)
            assert gone == (wanted == REACHED), said(road, spelling, aim, answer)
            assert (road.told(answer, aim) == REFUSED) == (wanted == REFUSED), said(road, spelling, aim, answer)
        if gone:
            await world.load(aim.stored)


def said(road: Road, spelling: Spelling, aim: Aim, answer: Answer) -> tuple[object, ...]:
    return road.name, spelling.name, aim.place, answer.status_code, answer.text[:600]
