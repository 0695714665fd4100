"""NDJSON in: written as it is, its mistakes told by line, nothing twice."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from gateway.bulk import importing
from tests.gateway.bulk.conftest import ASYNC, Ward, encounter, patient
from tests.gateway.conftest import issue

NDJSON = "application/fhir+ndjson"


@pytest.fixture(autouse=True)
def few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several inputs."""
    monkeypatch.setattr(importing, "LINES", 3)


def ndjson(*lines: Any) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


async def posted(ward: Ward, body: bytes, **headers: str) -> str:
    answer = await ward.fhir.ask("POST", "$import", body, {**ASYNC, "Content-Type": NDJSON, **headers})
    assert answer.status_code == 202, answer.text
    return answer.headers["content-location"].removeprefix(f"{ward.fhir.base}/")


async def test_lines_are_written_and_counted(ward: Ward) -> None:
    body = ndjson(
        *(patient(f"p{number}") for number in range(7)), b"", encounter("e", "p1"), patient("x") | {"id": None}
    )
    body = body.replace(b', "id": null', b"").replace(b'"id": null, ', b"")
    place = await posted(ward, gzip.compress(body), **{"Content-Encoding": "gzip"})
    await ward.work(place)
    manifest = await ward.manifest(place)
    assert manifest["output"] == [{"type": "Patient", "count": 8}, {"type": "Encounter", "count": 1}]
    assert manifest["error"] == []
    assert await ward.fhir.total("Patient?") == 8
    read = await ward.fhir.ask("GET", "Patient/p3")
    assert read.json()["name"] == [{"family": "Familyp3"}]


async def test_mistakes_are_told_by_their_line_and_the_others_are_written(ward: Ward) -> None:
    lines = [patient("a"), {**patient("b"), "gender": "Secretname"}, patient("c"), b"{Secretname", patient("d")]
    place = await posted(ward, ndjson(*lines))
    await ward.work(place)
    manifest = await ward.manifest(place)
    assert manifest["output"] == [{"type": "Patient", "count": 3}]
    told = (await ward.lines(manifest))["OperationOutcome"]
    assert [outcome["issue"][0]["diagnostics"].partition(":")[0] for outcome in told] == ["Line 2", "Line 4"]
    assert told[0]["issue"][0]["expression"] == ["gender"]
    assert "Secretname" not in json.dumps(told)
    assert await ward.fhir.total("Patient?") == 3


async def test_two_who_work_on_one_import_write_each_line_once(ward: Ward) -> None:
    lines = [{"resourceType": "Patient", "name": [{"family": f"N{number}"}]} for number in range(20)]
    lines[7]["gender"] = "wrong"
    place = await posted(ward, ndjson(*lines))
    order = ward.order(place)
    await asyncio.gather(*(ward.workflows.start(order) for _ in range(3)))

    async def go_on() -> None:
        while await ward.workflows.pages(order):
            pass

    await asyncio.gather(*(go_on() for _ in range(3)))
    manifest = await ward.manifest(place)
    assert [(file["type"], file["count"]) for file in manifest["output"] + manifest["error"]] == [
        ("Patient", 19), ("OperationOutcome", 1),
    ]  # fmt: skip
    assert await ward.fhir.total("Patient?") == 19


async def test_an_import_that_was_ended_stops(ward: Ward) -> None:
    place = await posted(ward, ndjson(*(patient(f"p{number}") for number in range(9))))
    await ward.workflows.start(ward.order(place))
    assert (await ward.fhir.ask("DELETE", place)).status_code == 202
    assert await ward.workflows.pages(ward.order(place)) is False
    assert await ward.fhir.total("Patient?") == 0


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/fhir+json"}, b'{"resourceType": "Parameters"}', 400),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Prefer": ""}, b"{}", 400),
        ({"Content-Encoding": "br"}, b"{}", 415),
        ({}, b"\n\n", 400),
    ],
)
async def test_what_is_refused(ward: Ward, headers: dict[str, str], body: bytes, status: int) -> None:
    answer = await ward.fhir.ask("POST", "$import", body, {**ASYNC, "Content-Type": NDJSON, **headers})
    assert answer.status_code == status
    assert issue(answer)["diagnostics"]


async def test_only_an_admin_imports(ward: Ward) -> None:
    place = await posted(ward, ndjson(patient("a")))
    await ward.work(place)
    ward.fhir = await ward.as_client("crm", "system/*.cruds")
    answer = await ward.fhir.ask("POST", "$import", ndjson(patient("b")), {**ASYNC, "Content-Type": NDJSON})
    assert answer.status_code == 403
    assert (await ward.fhir.ask("GET", place)).status_code == 403
