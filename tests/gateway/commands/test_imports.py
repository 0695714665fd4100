"""Files that are not all that they should be: what is good of them arrives, and the rest is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.bulk.lines import LINES
from gateway.commands.imports import import_file, offline_exchange
from gateway.interactions.exchange import Exchange
from gateway.services import Services
from tests.gateway.conftest import Fhir, bundle, entry, patient

BAD: dict[int, bytes] = {
    2: b'{"resourceType": "Patient", "id": "broken", ',
    7: json.dumps(patient("Marlow", id="invalid", gender="Marlow")).encode(),
    LINES + 1: b'{"resourceType": "Starship", "id": "x"}',
    LINES + 2: b"\xff\xfe",
}


@pytest.fixture
async def exchange(client: Fhir, services: Services) -> Exchange:
    return await offline_exchange(services, "north")


def lines_of(count: int) -> list[bytes]:
    return [json.dumps(patient(f"Line {number}", id=f"nd-{number}")).encode() for number in range(1, count + 1)]


async def imported(exchange: Exchange, file: Path, content: bytes) -> tuple[tuple[int, int], list[str]]:
    file.write_bytes(content)
    complaints: list[str] = []
    return await import_file(exchange, file, complaints.append), complaints


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n \n"])
async def test_good_lines_arrive_beside_bad_ones(exchange: Exchange, client: Fhir, tmp_path: Path, end: bytes) -> None:
    lines = lines_of(LINES + 5)
    for number, line in BAD.items():
        lines[number - 1] = line
    counted, complaints = await imported(exchange, tmp_path / "mixed.ndjson", end.join(lines))
    assert counted == (len(lines) - len(BAD), len(BAD))
    assert await client.total("Patient?") == len(lines) - len(BAD)
    assert (await client.ask("GET", f"Patient/nd-{LINES + 5}")).status_code == 200
    step = 2 if end == b"\n \n" else 1
    places = [f"mixed.ndjson:{(number - 1) * step + 1}:" for number in BAD]
    assert [line.partition(" ")[0] for line in complaints] == places
    assert "Marlow" not in "".join(complaints)


async def test_lines_that_are_good_are_one_transaction(exchange: Exchange, client: Fhir, tmp_path: Path) -> None:
    counted, complaints = await imported(exchange, tmp_path / "good.ndjson", b"\n".join(lines_of(3)))
    assert (counted, complaints) == ((3, 0), [])
    times = {entry["resource"]["meta"]["lastUpdated"] for entry in (await client.ask("GET", "Patient")).json()["entry"]}
    assert len(times) == 1


@pytest.mark.parametrize(
    ("name", "content", "counted"),
    [
        ("empty.ndjson", b"\n\n", (0, 0)),
        ("broken.json", b"{", (0, 1)),
        ("one.json", json.dumps(patient("One")).encode(), (1, 0)),
        ("searchset.json", json.dumps({"resourceType": "Bundle", "type": "searchset"}).encode(), (0, 1)),
    ],
)
async def test_other_files(
    exchange: Exchange, tmp_path: Path, name: str, content: bytes, counted: tuple[int, int]
) -> None:
    found, complaints = await imported(exchange, tmp_path / name, content)
    assert (found, len(complaints)) == (counted, counted[1])


async def test_bundles_are_all_or_nothing(exchange: Exchange, client: Fhir, tmp_path: Path) -> None:
    wrong: dict[str, Any] = patient("Wrong", gender="none")
    content = json.dumps(bundle(entry("POST", "Patient", patient()), entry("POST", "Patient", wrong)))
    counted, complaints = await imported(exchange, tmp_path / "bundle.json", content.encode())
    assert (counted, await client.total("Patient?")) == ((0, 2), 0)
    assert complaints[0].startswith("bundle.json: Bundle.entry[1]")
