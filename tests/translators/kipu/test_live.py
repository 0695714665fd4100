"""The live face: reads and searches that go straight to KIPU."""

from __future__ import annotations

import pytest

from gateway.faults import Invalid, NotFound, NotSupported
from gateway.translation.contract import Found
from tests.translators.kipu.desk import Desk
from tests.translators.kipu.people import SYSTEM
from translators.kipu import live, translator


async def _desk() -> tuple[Desk, str]:
    desk = Desk()
    made = await desk.staff("admit", last_name="Òrsted", first_name="Mae")
    return desk, made["casefile_id"].replace(":", ".")


async def _search(desk: Desk, type: str, **params: str) -> Found:
    return await desk.run(translator.search(desk.account, type, list(params.items())))


async def test_reads() -> None:
    desk, id = await _desk()
    patient = await desk.run(translator.read(desk.account, "Patient", id))
    stay = await desk.run(translator.read(desk.account, "Encounter", id))
    site = await desk.run(translator.read(desk.account, "Location", "2"))
    assert (patient["id"], patient["name"][0]["family"]) == (id, "Òrsted")
    assert stay["subject"] == {"reference": f"Patient/{id}"}
    assert (site["id"], site["name"]) == ("2", "Harbor House")
    (policy,) = (await _search(desk, "Coverage", patient=f"Patient/{id}")).resources
    assert policy["beneficiary"] == {"reference": f"Patient/{id}"}
    assert await desk.run(translator.read(desk.account, "Coverage", policy["id"])) == policy


@pytest.mark.parametrize(
    ("type", "id"),
    [
        ("Patient", "7"),
        ("Patient", "x"),
        ("Patient", "9.3b6f2a10-8f0e-4d53-9a51-0c7c1c5f2a11"),
        ("Coverage", "9.3b6f2a10-8f0e-4d53-9a51-0c7c1c5f2a11.1"),
        ("Location", "77"),
    ],
)
async def test_what_kipu_does_not_have(type: str, id: str) -> None:
    desk, _ = await _desk()
    with pytest.raises(NotFound):
        await desk.run(translator.read(desk.account, type, id))


@pytest.mark.parametrize(
    "params",
    [
        {"family": "orst"},
        {"family": "nobody,ØRST,orsted"},
        {"given": "mae", "family": "òr"},
        {"name": "Mae"},
        {"birthdate": "1990-01-01", "family": "orsted"},
        {"birthdate": "lt1991", "given": "Mae"},
        {"identifier": "DHR2026-63"},
    ],
)
async def test_patients_are_found(params: dict[str, str]) -> None:
    desk, id = await _desk()
    assert [patient["id"] for patient in (await _search(desk, "Patient", **params)).resources] == [id]


async def test_by_key() -> None:
    desk, id = await _desk()
    for params in ({"_id": id}, {"identifier": f"{SYSTEM}|{id.replace('.', ':', 1)}"}):
        assert [patient["id"] for patient in (await _search(desk, "Patient", **params)).resources] == [id]
    assert [stay["id"] for stay in (await _search(desk, "Encounter", patient=id)).resources] == [id]
    assert (await _search(desk, "Encounter", patient="9.none")).resources == ()


async def test_nobody() -> None:
    desk, _ = await _desk()
    for params in ({"family": "zzz"}, {"birthdate": "gt2020"}, {"identifier": "urn:x|DHR2026-63"}):
        assert (await _search(desk, "Patient", **params)).resources == ()


async def test_locations() -> None:
    desk, _ = await _desk()
    assert [site["id"] for site in (await _search(desk, "Location", name="riv")).resources] == ["3"]
    assert len((await _search(desk, "Location")).resources) == 2


async def test_a_long_census_is_searched_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PER", 1)
    monkeypatch.setattr(live, "PAGES", 2)
    desk, id = await _desk()
    first = await _search(desk, "Patient", family="orst")
    assert (first.resources, first.next) == ((), "family=orst&_page=3")
    second = await _search(desk, "Patient", family="orst", _page="3")
    assert ([patient["id"] for patient in second.resources], second.next) == ([id], None)


@pytest.mark.parametrize(
    ("type", "params", "fault"),
    [
        ("Patient", {"gender": "male"}, NotSupported),
        ("Patient", {"birthdate": "soon"}, Invalid),
        ("Patient", {"family": "x", "_page": "-1"}, Invalid),
        ("Encounter", {}, Invalid),
        ("Encounter", {"status": "planned"}, NotSupported),
        ("Coverage", {"subject": "x"}, NotSupported),
        ("Location", {"status": "active"}, NotSupported),
        ("Flag", {}, NotSupported),
    ],
)
async def test_what_kipu_cannot_search(type: str, params: dict[str, str], fault: type[Exception]) -> None:
    desk, _ = await _desk()
    with pytest.raises(fault):
        await _search(desk, type, **params)
