"""30: races as an attack: duplicates by parallel conditional creates, lost updates, versions that roll back."""

from __future__ import annotations

import asyncio

from tests.gateway.conftest import Fhir, bundle, entry, identified, patient

AT_ONCE = 16


async def test_30_one_of_many_conditional_creates(client: Fhir) -> None:
    condition = {"If-None-Exist": "identifier=https://crm.example/id|race"}
    answers = await asyncio.gather(
        *(client.ask("POST", "Patient", identified("race"), headers=condition) for _ in range(AT_ONCE))
    )
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert [answer.status_code for answer in answers].count(201) == 1
    assert await client.total("Patient?identifier=race") == 1


async def test_30_the_same_in_bundles(client: Fhir) -> None:
    one = bundle(entry("POST", "Patient", identified("race"), ifNoneExist="identifier=https://crm.example/id|race"))
    answers = await asyncio.gather(*(client.ask("POST", "", one) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert await client.total("Patient?identifier=race") == 1


async def test_30_one_of_many_updates_of_one_version(client: Fhir) -> None:
    made = await client.create(patient())
    place, match = f"Patient/{made['id']}", {"If-Match": 'W/"1"'}
    answers = await asyncio.gather(
        *(client.ask("PUT", place, {**made, "birthDate": f"19{n:02}"}, headers=match) for n in range(50, 50 + AT_ONCE))
    )
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.status_code for answer in answers} == {200, 412}
    assert (await client.ask("GET", place)).json()["meta"]["versionId"] == "2"


async def test_30_versions_do_not_roll_back(client: Fhir) -> None:
    made = await client.create(patient())
    place = f"Patient/{made['id']}"
    await asyncio.gather(*(client.ask("PUT", place, {**made, "birthDate": f"19{n:02}"}) for n in range(50, 60)))
    history = (await client.ask("GET", f"{place}/_history")).json()["entry"]
    assert [each["resource"]["meta"]["versionId"] for each in history] == [str(n) for n in range(11, 0, -1)]
