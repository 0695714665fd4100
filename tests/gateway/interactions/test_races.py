"""Races of clients: one identity is made once, and no update that names its version is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from gateway.store.document import decode, encode
from tests.gateway.conftest import Answer, Fhir, entry, identified

AT_ONCE = 64
SAME = "identifier=https://crm.example/id|mrn-1"


async def test_one_identity_is_created_once(client: Fhir) -> None:
    sent = (client.ask("POST", "Patient", identified("mrn-1"), headers={"If-None-Exist": SAME}) for _ in range(AT_ONCE))
    answers = await asyncio.gather(*sent)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await client.total(f"Patient?{SAME}") == 1


async def test_one_identity_is_created_once_by_bundles(client: Fhir) -> None:
    def send(number: int) -> asyncio.Task[Answer]:
        full_url = f"urn:uuid:00000000-0000-4000-8000-{number:012}"
        person = entry("POST", "Patient", identified("mrn-1"), ifNoneExist=SAME, fullUrl=full_url)
        stay = {"resourceType": "Basic", "code": {"text": "note"}, "subject": {"reference": full_url}}
        return asyncio.create_task(client.transaction(person, entry("POST", "Basic", stay)))

    answers = await asyncio.gather(*map(send, range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    first = [answer.json()["entry"][0]["response"] for answer in answers]
    assert Counter(response["status"][:3] for response in first) == {"201": 1, "200": AT_ONCE - 1}
    [found] = (await client.ask("GET", f"Patient?{SAME}")).json()["entry"]
    assert await client.total(f"Basic?subject=Patient/{found['resource']['id']}") == AT_ONCE


async def test_singles_and_bundles_race_for_one_identity(client: Fhir) -> None:
    singles = [
        client.ask("POST", "Patient", identified("mrn-1"), headers={"If-None-Exist": SAME}) for _ in range(AT_ONCE // 2)
    ]
    bundles = [
        client.transaction(entry("POST", "Patient", identified("mrn-1"), ifNoneExist=SAME)) for _ in range(AT_ONCE // 2)
    ]
    answers: Sequence[Answer] = await asyncio.gather(*singles, *bundles)
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert await client.total(f"Patient?{SAME}") == 1


async def test_no_update_under_if_match_is_lost(client: Fhir) -> None:
    id = (await client.create(identified("mrn-1")))["id"]

    async def add(note: str) -> int:
        """Until it succeeds; how often another came first."""
        refused = 0
        while True:
            read = await client.ask("GET", f"Patient/{id}")
            body = decode(read.content)
            body["identifier"].append({"value": note})
            answer = await client.ask("PUT", f"Patient/{id}", encode(body), headers={"If-Match": read.headers["etag"]})
            if answer.status_code == 200:
                return refused
            assert answer.status_code == 412, answer.text
            refused += 1

    refused = await asyncio.gather(*(add(f"note-{number}") for number in range(16)))
    last = (await client.ask("GET", f"Patient/{id}")).json()
    assert sorted(each["value"] for each in last["identifier"][1:]) == sorted(f"note-{number}" for number in range(16))
    assert last["meta"]["versionId"] == "17"
    assert sum(refused) > 0
