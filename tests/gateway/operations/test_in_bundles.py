"""Operations that entries of Bundles call (http.html#transaction)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.gateway.conftest import Fhir, bundle, entry, issue, patient

RED = {"system": "urn:colours", "code": "red"}
PATIENT = patient(id="p", meta={"tag": [RED]})
FLAG = {
    "resourceType": "Flag", "id": "f", "status": "active", "code": {"text": "x"}, "subject": {"reference": "Patient/p"},
}  # fmt: skip
CALLS = ("Patient/p/$everything?_type=Flag", "Patient/p/$meta", "Patient/p/_history/1/$meta", "Patient/$meta", "$meta")


async def answers(client: Fhir, type: str, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.ask("POST", "", bundle(*entries, type=type))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["entry"])


def told(resource: dict[str, Any]) -> Any:
    if resource["resourceType"] == "Bundle":
        return [each["resource"]["id"] for each in resource["entry"]]
    return resource["parameter"][0]["valueMeta"]["tag"]


@pytest.mark.parametrize("type", ["batch", "transaction"])
async def test_they_see_what_was_written_before_them(client: Fhir, type: str) -> None:
    writes = [entry("PUT", "Patient/p", PATIENT), entry("PUT", "Flag/f", FLAG)]
    found = await answers(client, type, *writes, *(entry("GET", url) for url in CALLS))
    assert [each["response"]["status"][:3] for each in found] == ["201", "201", *["200"] * len(CALLS)]
    assert [told(each["resource"]) for each in found[2:]] == [["f"], [RED], [RED], [RED], [RED]]


async def test_they_answer_as_they_do_by_themselves(client: Fhir) -> None:
    await client.transaction(entry("PUT", "Patient/p", PATIENT), entry("PUT", "Flag/f", FLAG))
    found = await answers(client, "batch", *(entry("GET", url) for url in CALLS), entry("HEAD", CALLS[0]))
    alone = [(await client.ask("GET", url)).json() for url in CALLS]
    assert [each["resource"] for each in found[:-1]] == alone
    assert "resource" not in found[-1]


async def test_pages_go_on_by_themselves(client: Fhir) -> None:
    await client.transaction(entry("PUT", "Patient/p", PATIENT), entry("PUT", "Flag/f", FLAG))
    (found,) = await answers(client, "batch", entry("GET", "Patient/p/$everything?_count=1"))
    following = next(each["url"] for each in found["resource"]["link"] if each["relation"] == "next")
    answer = await client.ask("GET", following.removeprefix(f"{client.base}/"))
    assert told(answer.json()) == ["f"]


REFUSED = [
    ("POST", "Patient/p/$meta-add", 400),
    ("POST", "Patient/$match", 400),
    ("POST", "Patient/p/$everything", 400),
    ("DELETE", "Patient/p/$meta", 400),
    ("GET", "Patient/$everything", 400),
    ("GET", "Flag/f/$everything", 400),
    ("GET", "Patient/p/_history/$meta", 400),
    ("GET", "$export", 400),
    ("GET", "Patient/p/$meta?x=y", 400),
    ("GET", "Patient/p/$everything?_count=x", 400),
    ("GET", "Patient/none/$everything", 404),
    ("GET", "Patient/p/_history/7/$meta", 404),
]


@pytest.mark.parametrize(("method", "url", "status"), REFUSED)
async def test_others_are_refused_at_their_place(client: Fhir, method: str, url: str, status: int) -> None:
    await client.transaction(entry("PUT", "Patient/p", PATIENT), entry("PUT", "Flag/f", FLAG))
    body = {"resourceType": "Parameters"} if method == "POST" else None
    (answer,) = await answers(client, "batch", entry(method, url, body))
    assert answer["response"]["status"][:3] == str(status)
    assert issue(answer["response"]["outcome"])["expression"][0].startswith("Bundle.entry[0]")
    whole = await client.transaction(entry("PUT", "Patient/q", patient(id="q")), entry(method, url, body))
    assert whole.status_code == status
    assert (await client.ask("GET", "Patient/q")).status_code == 404


async def test_scopes(client: Fhir, scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    await client.transaction(entry("PUT", "Patient/p", PATIENT), entry("PUT", "Flag/f", FLAG))
    limited = await scoped("system/Flag.rs")
    found = await answers(limited, "batch", *(entry("GET", url) for url in (*CALLS, "Flag/f/$meta")))
    assert [each["response"]["status"][:3] for each in found] == ["403", "403", "403", "403", "200", "200"]
    assert "tag" not in found[4]["resource"]["parameter"][0].get("valueMeta", {})
