"""The live face against the sandbox."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.faults import Invalid, NotFound, NotSupported
from gateway.translation.contract import Found
from tests.translators.internal.driving import World
from translators.internal import translator

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOLLOWAY, AMBERLY, TANNHILL = (f"00000000-0000-4000-8000-0000000000a{number}" for number in (1, 2, 3))


async def found(shared: World, *params: tuple[str, str]) -> Found:
    return await shared.run(translator.search(shared.account, "Patient", params))


async def ids(shared: World, *params: tuple[str, str]) -> list[str]:
    return sorted(resource["id"] for resource in (await found(shared, *params)).resources)


async def test_read(shared: World) -> None:
    resource = await shared.run(translator.read(shared.account, "Patient", HOLLOWAY))
    assert resource["id"] == HOLLOWAY
    assert resource["meta"]["versionId"] == "1"
    assert datetime.fromisoformat(resource["meta"]["lastUpdated"]).tzinfo is not None
    assert {"system": shared.account.system("id"), "value": HOLLOWAY} in resource["identifier"]
    (doctor,) = resource["generalPractitioner"]
    assert "reference" not in doctor
    assert doctor["identifier"]["value"].endswith("20d1")


async def test_a_patient_reference_stays_one(shared: World) -> None:
    resource = await shared.run(translator.read(shared.account, "Patient", TANNHILL))
    references = [e["valueReference"].get("reference") for e in resource["extension"] if "valueReference" in e]
    assert references == [f"Patient/{HOLLOWAY}"]


@pytest.mark.parametrize("id", ["00000000-0000-4000-8000-00000000ffff", "..", "a/b", ""])
async def test_read_of_nobody(shared: World, id: str) -> None:
    with pytest.raises(NotFound):
        await shared.run(translator.read(shared.account, "Patient", id))


async def test_other_types_are_not_served(shared: World) -> None:
    with pytest.raises(NotSupported):
        await shared.run(translator.read(shared.account, "Coverage", "1"))
    with pytest.raises(NotSupported):
        await shared.run(translator.search(shared.account, "Location", ()))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ((), [HOLLOWAY, AMBERLY, TANNHILL]),
        ((("_id", AMBERLY),), [AMBERLY]),
        ((("_id", f"{AMBERLY},{TANNHILL}"), ("family", "amb")), [AMBERLY]),
        ((("_id", AMBERLY), ("birthdate", "2000")), []),
        ((("family", "holl"),), [HOLLOWAY]),
        ((("family", "olloway"),), []),
        ((("family:contains", "olloway"),), [HOLLOWAY]),
        ((("family:exact", "holloway"),), []),
        ((("given", "caleb"),), [AMBERLY]),
        ((("name", "noor"),), [TANNHILL]),
        ((("family", "holloway,amberly"),), [HOLLOWAY, AMBERLY]),
        ((("birthdate", "1992"),), [AMBERLY]),
        ((("birthdate", "ge1990"), ("birthdate", "lt2008-02-29")), [AMBERLY]),
        ((("birthdate", "gt2008-02"),), []),
        ((("birthdate", "le1979-04-12"),), [HOLLOWAY]),
    ],
)
async def test_search(shared: World, params: tuple[tuple[str, str], ...], expected: list[str]) -> None:
    assert await ids(shared, *params) == sorted(expected)


async def test_pages(shared: World) -> None:
    first = await found(shared, ("_count", "2"))
    assert (len(first.resources), first.total, first.next) == (2, 3, "_count=2&_page=2")
    second = await found(shared, ("_count", "2"), ("_page", "2"))
    assert (len(second.resources), second.next) == (1, None)
    assert await found(shared, ("_count", "0")) == Found((), total=3)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("gender", "male", NotSupported),
        ("family:phonetic", "x", NotSupported),
        ("birthdate", "ne1990", NotSupported),
        ("birthdate", "1990-02-30", Invalid),
        ("birthdate", "soon", Invalid),
        ("_count", "-1", Invalid),
    ],
)
async def test_what_cannot_be_searched_is_said(shared: World, name: str, value: str, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        await found(shared, (name, value))
