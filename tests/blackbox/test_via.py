"""The live face over real connections: fhirpy as the outside client, and bodies too large or too odd for one piece."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, OperationOutcome, ResourceNotFound

from tests.blackbox.sync_world import ORG, World, until, world
from translators.ecw.sandbox import BASE, DEMO
from translators.ecw.sandbox_data import PATIENT
from translators.ecw.sandbox_live import BIG, BIG_BYTES, NOTE

pytestmark = pytest.mark.blackbox
HALLS = 45
MOST_KB = 24 * 1024
"""What the server may grow by while fifty megabytes pass."""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its connection goes to the sandbox without a wire between."""
    with world(tmp_path_factory.mktemp("via")) as made:
        made.sandbox("ecw")
        words = [f"--set={name}={value}" for name, value in {**DEMO.settings, "pull": "false"}.items()]
        words += [f"--secret={name}={value}" for name, value in DEMO.secrets.items()]
        url = f"{made.sandboxes['ecw']}{BASE}"
        made.do("connection", "add", "--org", ORG, "ecw", "--translator", "ecw", "--base-url", url, *words)
        for number in range(HALLS):
            hall = {"type": "Location", "id": f"H_{number}.x-1", "name": f"Hall {number}", "status": "active"}
            httpx.post(f"{made.sandboxes['ecw']}/_sandbox/change", json=hall).raise_for_status()
        # On a machine that is busy the first token takes longer than a client is let wait, and 503 says so.
        until(lambda: get(made, f"Patient/{PATIENT}").is_success)
        yield made


@pytest.fixture(autouse=True)
def fine(clinic: World) -> Iterator[None]:
    yield
    clinic.fault("ecw")


def via(clinic: World) -> str:
    return f"{clinic.base}/via/ecw"


def fhirpy(clinic: World) -> AsyncFHIRClient:
    return AsyncFHIRClient(via(clinic), authorization=f"Bearer {clinic._token}")


def get(clinic: World, path: str, **headers: str) -> httpx.Response:
    bearer = {"Authorization": f"Bearer {clinic._token}"}
    return httpx.get(f"{via(clinic)}/{path}", headers={**bearer, **headers}, timeout=30)


async def test_fhirpy_reads_searches_and_turns_pages(clinic: World) -> None:
    client = fhirpy(clinic)
    patient = await client.reference("Patient", PATIENT).to_resource()
    assert (patient.id, patient["birthDate"]) == (PATIENT, "1984-09-30")
    halls = [hall async for hall in client.resources("Location").search(name="Hall")]
    assert sorted(hall["name"] for hall in halls) == sorted(f"Hall {number}" for number in range(HALLS))
    (stay,) = await client.resources("Encounter").search(patient=patient.to_reference()).fetch()
    subject = await stay["subject"].to_resource()
    assert subject.id == PATIENT
    doctor = await stay["participant"][0]["individual"].to_resource()
    assert doctor["name"][0]["family"] == "Sample"
    clinic.fault("ecw", "absolute-references")
    (stay,) = await client.resources("Encounter").search(patient=subject.to_reference()).fetch()
    assert (await client.execute(stay["subject"]["reference"], method="get"))["id"] == PATIENT


async def test_fhirpy_is_refused_in_fhirs_words(clinic: World) -> None:
    client = fhirpy(clinic)
    with pytest.raises(ResourceNotFound):
        await client.reference("Patient", "FFBJCD.none").to_resource()
    with pytest.raises(OperationOutcome, match="_sort"):
        await client.resources("Patient").search(family="Walker").sort("birthdate").fetch()
    with pytest.raises(AuthorizationError, match="login"):
        await AsyncFHIRClient(via(clinic), authorization="Bearer none").resources("Location").search(name="x").fetch()


async def test_fhirpy_follows_an_attachment(clinic: World) -> None:
    note = await fhirpy(clinic).reference("DocumentReference", NOTE).to_resource()
    url = note["content"][0]["attachment"]["url"]
    assert url.startswith(f"{via(clinic)}/Binary/")
    assert get(clinic, url.removeprefix(f"{via(clinic)}/")).json()["data"] == "c3ludGhldGlj"


def test_a_patient_is_theirs_byte_for_byte(clinic: World) -> None:
    ours = get(clinic, f"Patient/{PATIENT}").content
    tokens = httpx.get(f"{clinic.sandboxes['ecw']}/_sandbox").json()["tokens"]
    theirs = f"{clinic.sandboxes['ecw']}{BASE}"
    bearers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    answers = [httpx.get(f"{theirs}/Patient/{PATIENT}", headers=bearer) for bearer in bearers]
    assert ours in [answer.content.replace(theirs.encode(), via(clinic).encode()) for answer in answers]


def test_the_first_byte_is_there_before_the_last_has_left(clinic: World) -> None:
    clinic.fault("ecw", "slow-body")
    headers = {"Authorization": f"Bearer {clinic._token}", "Accept-Encoding": "gzip"}
    with httpx.stream("GET", f"{via(clinic)}/Location?name=Hall", headers=headers, timeout=30) as answer:
        pieces = [time.monotonic() for piece in answer.iter_bytes() if piece]
    assert pieces[-1] - pieces[0] > 1


def test_a_broken_answer_is_seen_as_one(clinic: World) -> None:
    clinic.fault("ecw", "break-off")
    with pytest.raises(httpx.RemoteProtocolError):
        get(clinic, "Location?name=Hall")
    answer = get(clinic, f"Patient/{PATIENT}")
    assert (answer.status_code, answer.json()["resourceType"]) == (504, "OperationOutcome")


@pytest.mark.parametrize("path", [f"Binary/{BIG}", f"Observation?patient={PATIENT}"])
def test_large_bodies_pass_in_little_memory(clinic: World, path: str) -> None:
    clinic.fault("ecw", "big-answer")
    before, length = _peak_kb(clinic), 0
    headers = {"Authorization": f"Bearer {clinic._token}", "Accept-Encoding": "identity"}
    with httpx.stream("GET", f"{via(clinic)}/{path}", headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_raw():
            length += len(piece)
    assert length > 0.9 * BIG_BYTES
    assert _peak_kb(clinic) - before < MOST_KB


def _peak_kb(clinic: World) -> int:
    assert clinic.server is not None
    status = Path(f"/proc/{clinic.server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
