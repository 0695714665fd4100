"""The real server in a process of its own, set up by the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from tests import processes
from tests.processes import Process, started

START_S = 120
Running = Process | subprocess.Popen[bytes]


@dataclass(frozen=True)
class Server:
    """Where it listens, and a client that may do everything."""

    url: str
    org: str
    client_id: str
    client_secret: str
    run: Callable[..., dict[str, Any]]
    """The command line beside it, on the same database."""

    @property
    def base(self) -> str:
        return f"{self.url}/fhir/r4/{self.org}"

    def token(self, scope: str = "system/*.cruds") -> str:
        """By the road that clients take: discovery, then the token endpoint."""
        discovered = httpx.get(f"{self.base}/.well-known/smart-configuration").raise_for_status().json()
        answer = httpx.post(
            discovered["token_endpoint"],
            data={"grant_type": "client_credentials", "scope": scope},
            auth=(self.client_id, self.client_secret),
        )
        return cast(str, answer.raise_for_status().json()["access_token"])


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def commands(environment: dict[str, str]) -> Callable[..., dict[str, Any]]:
    def run(*arguments: str, input: str = "") -> dict[str, Any]:
        done = processes.run(*arguments, env=environment, input=input)
        assert done.returncode == 0, done.stderr
        return cast("dict[str, Any]", json.loads(done.stdout or "{}"))

    return run


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[Server]:
    """A server over a new database in the folder, started as users start it.

    The settings are variables without their prefix.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "CROSSWALK_DATABASE_URL": f"sqlite:///{folder / 'crosswalk.db'}",
        "CROSSWALK_PUBLIC_URL": url,
        "CROSSWALK_LOG_LEVEL": "WARNING",
        **{f"CROSSWALK_{name}": value for name, value in settings.items()},
    }
    run = commands(environment)
    run("migrate")
    org = run("org", "add", "clinic")
    client = run("client", "add", "--org", "clinic", "--name", "CRM", "--scope", "system/*.cruds")
    assert org == {"org": "clinic", "fhir_base": f"{url}/fhir/r4/clinic"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--port", str(port), *options], env=environment, stderr=log
        )
        try:
            wait_until_ready(url, process, folder / "server.log")
            yield Server(url, "clinic", client["client_id"], client["client_secret"], run)
        finally:
            process.terminate()
            assert process.wait(30) == 0


def wait_until_ready(url: str, process: Running, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/readyz", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"not ready within {START_S} s: {log.read_text()}")


@contextmanager
def killable(port: int, environment: dict[str, str], log: Path) -> Iterator[Process]:
    """A server over a database that is there already; it is killed, not asked to stop."""
    with log.open("ab") as lines:
        process = started("serve", "--port", str(port), env=environment, stderr=lines)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield process
    finally:
        process.kill()
        process.wait(30)
