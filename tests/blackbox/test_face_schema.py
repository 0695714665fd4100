"""Schemathesis against a running server: whatever its OpenAPI allows, and what it does not, no answer breaks it.

All checks and phases, with a token of the token endpoint, over a chart with a record of every kind. The suite asks a
bounded number of requests of a fixed seed; FACE_CASES=full asks thousands of every operation.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.blackbox.conftest import Server, serving
from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import Api, catalogued
from tests.translators.internal.face.chart import charted
from translators.internal.face import face

BLOCK = re.compile(r"<!-- transcript -->\n```sh\n(.*?)```", re.DOTALL)
ROOT, CHARTS = Path(__file__).parents[2], 1
pytestmark = pytest.mark.blackbox
FULL = os.environ.get("FACE_CASES") == "full"
CASES, SEED, LONGEST_S = (200, str(int.from_bytes(os.urandom(3), "big")), 7200) if FULL else (2, "7", 120)
LEAST = 10_000 if FULL else 300
COVERED = ("get_patients", "post_patients", "patch_patients_patient_uuid", "post_patients_patient_uuid_vital_signs")
"""Every boundary of these is tried in the short run too, of the others in the long one: that takes most requests."""
RULES = {
    "get_patients_cursor": "a cursor that no answer has given",
    "post_patients": "a birth date or a death that is still to come",
    "patch_patients_patient_uuid": "the same",
    "post_patients_patient_uuid_archive": "a guarantor of others",
    "post_patients_patient_uuid_restore": "a patient who is not archived",
    "post_patients_patient_uuid_transition_status": "a status that none leads to",
    "post_patients_patient_uuid_referral_attributions": "no source, or two",
    "post_patients_patient_uuid_relationships": "a relationship of a patient with themselves",
    "post_patients_patient_uuid_medications": "a stop before the start",
    "patch_patients_patient_uuid_medications_medication_uuid": "the same",
    "post_patients_patient_uuid_diseases": "the same",
    "patch_patients_patient_uuid_diseases_disease_uuid": "the same",
    "put_patients_patient_uuid_field_values": "a value of another kind than the field's",
    "post_patient_field_definitions": "a dropdown without options",
    "patch_patient_field_definitions_definition_uuid": "the same",
}
"""Operations that refuse, with status 422, what no schema can say: the check that sound requests are taken knows it."""
EXPECTED = 'checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422]'


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("practice")
    with serving(folder, CLIENT_RATE="1000000", LOG_LEVEL="ERROR") as server:
        yield server


async def filled(server: Server, token: str) -> dict[str, list[str]]:
    """Ids of what is there, by the name of the parameter or member that asks for one."""
    async with httpx.AsyncClient(timeout=60) as http:
        catalogue = await catalogued(Fhir(http, server.base, token))
        api = Api(http, token, f"{server.url}/api/v1/{server.org}")
        charts = [await charted(api, catalogue) for _ in range(CHARTS)]
    return charts[0].ids()


def configuration(server: Server) -> str:
    """Of Schemathesis, in TOML: one section for each operation of which something else holds."""
    lines = ["[parameters]", f'org_id = "{server.org}"']
    for name in (operation.name for operation in face.operations):
        lines += ["[[operations]]", f'include-operation-id = "{name}"']
        lines += [f"phases.coverage.enabled = {str(FULL or name in COVERED).lower()}"]
        lines += [EXPECTED] if name in RULES else []
    return "\n".join(lines)


def test_no_request_breaks_the_description(practice: Server, tmp_path: Path) -> None:
    token = practice.token()
    environment = {
        **os.environ,
        "FACE_IDS": json.dumps(asyncio.run(filled(practice, token))),
        "SCHEMATHESIS_HOOKS": "tests.blackbox.face_hooks",
        "PYTHONPATH": str(ROOT),
    }
    (tmp_path / "schemathesis.toml").write_text(configuration(practice))
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{practice.url}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {token}", "--seed", SEED, "--max-examples", str(CASES), "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LONGEST_S)
    assert done.returncode == 0, done.stdout
    assert "Tested: 67" in done.stdout
    assert int(re.findall(r"(\d+) generated", done.stdout)[0]) >= LEAST, done.stdout


def test_the_developers_page_can_be_pasted(practice: Server) -> None:
    """docs/internal-api.md, step by step, with what it says that each step prints."""
    blocks = BLOCK.findall((ROOT / "docs/internal-api.md").read_text("utf-8"))
    assert len(blocks) >= 7
    places = {"API": f"{practice.url}/api/v1/{practice.org}", "BASE": practice.base, "TOKEN": practice.token()}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail"], input="".join(blocks), env={**os.environ, **places, "PATH": path},
        capture_output=True, text=True, timeout=LONGEST_S,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    printed = done.stdout
    assert printed.startswith('one patient\n{"detail":"The Idempotency-Key was used for another request')
    assert '\n2\n{"detail":"The patient has changed since that version was read: it is at version 2 now."}' in printed
    _, _, rest = printed.partition('"loc":["body","first_name"]')
    assert '"type":"extra_forbidden"' in rest
    assert "Wren\n" in rest
    assert '"status":"validated"' in rest
    assert '"status":"failed"' in rest
    assert printed.endswith("Sandport\n")
