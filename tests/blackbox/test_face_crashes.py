"""A power cut in the middle of many patients: the same request goes on where it stood, and nobody is there twice.

A few hundred rows as the suite goes; FACE_ROWS=5000 takes that many.
"""

from __future__ import annotations

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.blackbox.conftest import commands, free_port, killable

pytestmark = pytest.mark.blackbox
ROWS = int(os.environ.get("FACE_ROWS", "450"))
PATIENCE_S = 60.0
KEYED = {"Idempotency-Key": "import of the morning"}


def stages_done(database: Path) -> int:
    """Looked up beside the server."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as raw:
        [(number,)] = raw.execute("SELECT count(*) FROM face_answer").fetchall()
        return int(number)


def until_under_way(database: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while stages_done(database) < 2:
        assert time.monotonic() < deadline


def test_rows_that_were_cut_off_go_on(tmp_path: Path) -> None:
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
    made = run("client", "add", "--org", "clinic", "--name", "Desk", "--scope", "system/Patient.cruds")
    rows = [{"first_name": "Wren", "last_name": f"Halloway {number}"} for number in range(ROWS)]

    def client() -> httpx.Client:
        form = {"grant_type": "client_credentials"}
        answer = httpx.post(f"{url}/oauth/clinic/token", data=form, auth=(made["client_id"], made["client_secret"]))
        headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
        return httpx.Client(base_url=f"{url}/api/v1/clinic", headers=headers, timeout=300)

    with ThreadPoolExecutor() as threads:
        with killable(port, environment, tmp_path / "server.log"), client() as desk:
            cut = threads.submit(desk.post, "/patients/bulk", json={"rows": rows}, headers=KEYED)
            until_under_way(database)
        assert isinstance(cut.exception(PATIENCE_S), httpx.TransportError)
        assert 2 <= (before := stages_done(database)) < ROWS // 50  # cut off, and not done by accident

        with killable(port, environment, tmp_path / "server.log"), client() as desk:
            other = desk.post("/patients/bulk", json={"rows": rows[1:]}, headers=KEYED)
            assert (other.status_code, stages_done(database)) == (409, before)
            again = [threads.submit(desk.post, "/patients/bulk", json={"rows": rows}, headers=KEYED) for _ in range(2)]
            answers = [each.result(300).raise_for_status() for each in again]
            assert answers[0].content == answers[1].content
            told = answers[0].json()
            assert (told["created"], told["total"]) == (ROWS, ROWS)
            assert [result["row"] for result in told["results"]] == list(range(ROWS))
            assert desk.get("/patients", params={"page_size": 1}).json()["total"] == ROWS
            for number in (0, ROWS // 2, ROWS - 1):
                patient = desk.get(f"/patients/{told['results'][number]['id']}").raise_for_status().json()
                assert patient["last_name"] == f"Halloway {number}"
