"""A server that is killed: every request that it answered is an AuditEvent of the next one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.blackbox.conftest import commands, free_port, killable

pytestmark = pytest.mark.blackbox
READERS = 8
SCOPE = "gateway/admin system/*.cruds"


def reading(base: str, token: str, reader: int) -> list[str]:
    """What was answered before the server went away."""
    answered: list[str] = []
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as http, suppress(httpx.TransportError):
        for number in range(100_000):
            asked = f"Patient/r{reader}-{number}"
            assert http.get(f"{base}/{asked}").status_code == 404
            answered.append(asked)
            found = http.get(f"{base}/Patient?_id={reader}-{number}")
            assert found.status_code == 200
    return answered


def test_what_was_answered_is_told(tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}/fhir/r4/clinic"
    environment = {
        **os.environ,
        "CROSSWALK_DATABASE_URL": f"sqlite:///{tmp_path / 'crosswalk.db'}",
        "CROSSWALK_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "CROSSWALK_LOG_LEVEL": "WARNING",
    }
    run = commands(environment)
    run("migrate")
    run("org", "add", "clinic")
    client = run("client", "add", "--org", "clinic", "--name", "Admin", "--scope", SCOPE)
    credentials = (client["client_id"], client["client_secret"])
    with killable(port, environment, tmp_path / "server.log") as process, ThreadPoolExecutor(READERS) as readers:
        token = token_of(port, credentials)
        under_way = [readers.submit(reading, base, token, number) for number in range(READERS)]
        httpx.get(f"{base}/Patient/last", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        with suppress(TimeoutError):
            under_way[0].result(timeout=1.0)
        process.kill()
        answered = [asked for each in under_way for asked in each.result(timeout=30)]
    assert len(answered) > READERS
    with killable(port, environment, tmp_path / "server.log"):
        told = entities(base, token_of(port, credentials))
    assert set(answered) <= told


def token_of(port: int, credentials: tuple[str, str]) -> str:
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    answer = httpx.post(f"http://127.0.0.1:{port}/oauth/clinic/token", data=form, auth=credentials)
    return str(answer.raise_for_status().json()["access_token"])


def entities(base: str, token: str) -> set[str]:
    told: set[str] = set()
    url: str | None = f"{base}/AuditEvent?subtype=read&_count=1000"
    while url is not None:
        page = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60).raise_for_status().json()
        for entry in page.get("entry", ()):
            told |= {
                each["what"]["reference"] for each in entry["resource"]["entity"] if "reference" in each.get("what", {})
            }
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
    return told
