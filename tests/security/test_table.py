"""Every type × every road × every spelling of scopes × one's own and another's resource.

Of the types in FULL every cell is asked. Of the others each road is asked with a part of the spellings, so chosen that
every pair of type and road, type and spelling, road and spelling is asked; TABLE=full asks all, which takes minutes.

What to expect follows from two lines of `expected`, which know nothing of how the gateway works it out: every action
that a road takes has to be given on the type, and the resource has to be of those that it is given for.
"""

from __future__ import annotations

import os

import pytest

from gateway.definitions.contract import Definitions
from tests.gateway.definitions.strategies import DEFINITIONS
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
)
from tests.security.world import SPELLINGS, A, B, Spelling, World, id_of, resource_of, types

TYPES = types(DEFINITIONS)
ROADS = (*READING, *SEARCHING, *INCLUDING, *CREATING, *WRITING, *DELETING)
FULL = frozenset({"Patient", "Observation", "Practitioner", "Appointment"})
EVERY = 8
ALL = os.environ.get("TABLE") == "full"


def expected(definitions: Definitions, road: Road, spelling: Spelling, aim: Aim) -> str:
    if not all(spelling.permits(definitions, aim.type, action) for action in road.needs):
        return ABSENT if road in INCLUDING and spelling.reach != "void" else REFUSED
    if road in CREATING and (spelling.reach == "id" or (spelling.reach == "own" and aim.type == "Patient")):
        return REFUSED  # what is new has an id that nobody was given before
    return REACHED if spelling.reaches(definitions, aim.type, aim.patient) else road.unreached


def is_asked(road: Road, type: str, spelling: Spelling) -> bool:
    return ALL or type in FULL or (TYPES.index(type) + ROADS.index(road) + SPELLINGS.index(spelling)) % EVERY == 0


async def aims(world: World, type: str) -> list[Aim]:
    definitions = world.services.definitions
    patients = [resource_of(definitions, "Patient", each) for each in (A, B)]
    await world.load(*patients, *(resource_of(definitions, type, each) for each in (A, B)))
    found = []
    for patient in (A, B):
        id = id_of(type, patient)
        await world.admin.ask("POST", f"{type}/{id}/$meta-add", MARKED)
        found.append(Aim(type, id, patient, (await world.admin.ask("GET", f"{type}/{id}")).json()))
    items = {"resourceType": "List", "id": "items", "status": "current", "mode": "working"}
    listed = {**items, "subject": {"reference": f"Patient/{A}"}}
    await world.load({**listed, "entry": [{"item": {"reference": aim.place}} for aim in found]})
    return found


def fits(road: Road, type: str, spelling: Spelling) -> bool:
    """A List is on the way of some roads, and cannot be where they lead as well."""
    if not is_asked(road, type, spelling):
        return False
    if road.compartment_only and type not in DEFINITIONS.patient_compartment:
        return False
    return not road.also or (type != "List" and spelling.name not in ("another type", "nothing"))


@pytest.mark.parametrize("type", TYPES)
async def test_reading_and_searching(world: World, type: str) -> None:
    found = await aims(world, type)
    for spelling in SPELLINGS:
        for road in (*READING, *SEARCHING, *INCLUDING):
            if fits(road, type, spelling):
                await ask(world, road, spelling, type, found)


@pytest.mark.parametrize("type", TYPES)
async def test_writing(world: World, type: str) -> None:
    found = await aims(world, type)
    for spelling in SPELLINGS:
        for road in (*CREATING, *WRITING):
            if fits(road, type, spelling):
                await ask(world, road, spelling, type, found)


async def ask(world: World, road: Road, spelling: Spelling, type: str, found: list[Aim]) -> None:
    fhir = world.caller(spelling.of(type, road.also), **spelling.caller)
    for aim in found:
        answer = await road.ask(fhir, aim)
        told, wanted = road.told(answer, aim), expected(world.services.definitions, road, spelling, aim)
        assert told == wanted, (road.name, spelling.name, aim.place, answer.status_code, answer.text[:600])


@pytest.mark.parametrize("type", TYPES)
async def test_deleting(world: World, type: str) -> None:
    found = await aims(world, type)
    for spelling in SPELLINGS:
        fhir = world.caller(spelling.of(type), **spelling.caller)
        for road in DELETING:
            for aim in found if fits(road, type, spelling) else ():
                answer = await road.ask(fhir, aim)
                gone = (await world.admin.ask("GET", aim.place)).status_code == 410
                wanted = expected(world.services.definitions, road, spelling, aim)
                assert gone == (wanted == REACHED), (road.name, spelling.name, aim.place, answer.text[:600])
                assert (road.told(answer, aim) == REFUSED) == (wanted == REFUSED), (road.name, spelling.name)
                if gone:
                    await world.load(aim.stored)
