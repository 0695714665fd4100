"""A face for tests: the people of a ward, who have a family name and nothing else."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.faults import NotFound, Unprocessable
from gateway.translation.face import Asked, Face, Kept, Operation, Problem, Records, Search, literal

STRICT = ConfigDict(strict=True, extra="forbid")


class Person(BaseModel):
    """As it is answered."""

    id: str
    family: str
    version: int


class NewPerson(BaseModel):
    """A body."""

    model_config = STRICT
    family: Annotated[str, Field(min_length=1)]
    beds: list[int] = []


class ChangedPerson(NewPerson):
    """A body."""

    base_version: int


class Page(BaseModel):
    """A query."""

    first: Annotated[int, Field(ge=1, le=50)] = 2
    after: str | None = None
    word: list[str] = []
    skip: int = 0


def told(kept: Kept) -> Person:
    return Person(id=kept.id, family=kept.resource["name"][0]["family"], version=kept.version)


def read(records: Records, asked: Asked) -> Kept:
    found = records.read("Patient", asked.path["person"])
    if found is None:
        raise NotFound("Nobody of this name lies here.", "path.person")
    return found


def list_people(asked: Asked, records: Records) -> dict[str, Any]:
    query: Page = asked.query
    group = tuple((("family", literal(word)),) for word in query.word)
    search = Search(
        "Patient", (), (group,) if group else (), ("family",), count=query.first, skip=query.skip, after=query.after,
        total=True,
    )  # fmt: skip
    found = records.search(search)
    return {"people": [told(each) for each in found.kept], "total": found.total, "end": found.end}


def admit(asked: Asked, records: Records) -> Person:
    if asked.body.family == "Full":
        records.create({"resourceType": "Patient", "name": [{"family": "Written before the refusal"}]})
        raise Unprocessable("The ward is full.")
    return told(records.create({"resourceType": "Patient", "name": [{"family": asked.body.family}]}))


def rename(asked: Asked, records: Records) -> Person:
    resource = {**read(records, asked).resource, "name": [{"family": asked.body.family}]}
    return told(records.update(resource, asked.body.base_version))


def leave(asked: Asked, records: Records) -> None:
    records.update({**read(records, asked).resource, "active": False})


def break_down(asked: Asked, records: Records) -> None:
    raise RuntimeError("Erika Mustermann is in bed 7")


def write_while_reading(asked: Asked, records: Records) -> None:
    records.create({"resourceType": "Patient"})


def doctors(asked: Asked, records: Records) -> dict[str, Any]:
    known = records.several(["Practitioner/a", "Practitioner/b", "Practitioner/gone", "Practitioner/no such!"])
    return {reference: kept.version for reference, kept in known.items()}


def refusal(status: int, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {"status": status, "wrong": [[list(each.place), each.text, each.kind] for each in problems]}


OPERATIONS = (
    Operation("GET", "/people", "people", "List", "people", list_people, query=Page),
    Operation("POST", "/people", "admit", "Admit", "people", admit, body=NewPerson, answer=Person, status=201),
    Operation("GET", "/people/{person}", "person", "Show", "people", lambda asked, seen: told(read(seen, asked))),
    Operation("PATCH", "/people/{person}", "rename", "Rename", "people", rename, body=ChangedPerson),
    Operation("POST", "/people/{person}/leave", "leave", "Leave", "people", leave, status=204),
    Operation("GET", "/people/doctors", "doctors", "Doctors", "people", doctors),
    Operation("GET", "/people/broken", "broken", "Break down", "people", break_down),
    Operation("GET", "/people/sly", "sly", "Write", "people", write_while_reading),
)
WARD = Face("/ward/v1", "clinic", "The ward", "1", OPERATIONS, refusal, dict, dict)
