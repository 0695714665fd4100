"""A power cut in the middle of exports: they go on where they stood, and no line is missing or doubled."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.blackbox.conftest import commands, free_port, killable

pytestmark = pytest.mark.blackbox
PATIENTS = 3000
PATIENCE_S = 60.0
ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}


def jobs(database: Path) -> list[tuple[str, int]]:
    """Status and progress of each, looked up beside the server."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as raw:
        return raw.execute("SELECT status, done FROM bulk_job").fetchall()


def until_under_way(database: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not any(status == "running" and done > 0 for status, done in jobs(database)):
        assert time.monotonic() < deadline


def manifest(client: httpx.Client, url: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while (answer := client.get(url)).status_code in (202, 429):
        assert time.monotonic() < deadline
        time.sleep(float(answer.headers["retry-after"]))
    return answer.raise_for_status().json()


def test_exports_that_were_cut_off_go_on(tmp_path: Path) -> None:
    database, port = tmp_path / "crosswalk.db", free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "CROSSWALK_DATABASE_URL": f"sqlite:///{database}",
        "CROSSWALK_PUBLIC_URL": url,
        "CROSSWALK_LOG_LEVEL": "WARNING",
    }
    run = commands(environment)
    run("migrate")
    run("org", "add", "clinic")
    made = run("client", "add", "--org", "clinic", "--name", "CRM", "--scope", "system/*.rs")
    lines = [{"resourceType": "Patient", "id": f"p{number}", "active": True} for number in range(PATIENTS)]
    (tmp_path / "patients.ndjson").write_text("\n".join(map(json.dumps, lines)))
    assert run("import", "--org", "clinic", str(tmp_path / "patients.ndjson")) == {"resources": PATIENTS, "failed": 0}

    with killable(port, environment, tmp_path / "server.log"):
        form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
        answer = httpx.post(f"{url}/oauth/clinic/token", data=form, auth=(made["client_id"], made["client_secret"]))
        headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
        client = httpx.Client(base_url=f"{url}/fhir/r4/clinic/", headers=headers, timeout=30)
        asked = [client.get("$export?_type=Patient", headers=ASYNC) for _ in range(4)]
        until_under_way(database)
    assert any(status == "running" for status, _ in jobs(database))  # cut off, and not done by accident
    with killable(port, environment, tmp_path / "server.log"), closing(client):
        for each in asked:
            files = manifest(client, each.headers["content-location"])["output"]
            found = [json.loads(line)["id"] for file in files for line in client.get(file["url"]).iter_lines()]
            assert found == [line["id"] for line in lines]
