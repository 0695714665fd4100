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

START_S = 30


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
    def run(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return cast("dict[str, Any]", json.loads(done.stdout or "{}"))

    return run


def in_one_process(environment: dict[str, str], *orders: tuple[str, ...]) -> list[Any]:
    """Commands, one after the other, and what each tells: most of the time of one is spent on starting Python."""
    script = f"from gateway.cli import app\nfor order in {orders!r}: app(list(order), standalone_mode=False)"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(documents(done.stdout))


def documents(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        found, end = decoder.raw_decode(text, at)
        yield found
        at = end + len(text[end:]) - len(text[end:].lstrip())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[Server]:
    """A server over a new database in the folder; the settings are variables without their prefix."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "CROSSWALK_DATABASE_URL": f"sqlite:///{folder / 'crosswalk.db'}",
        "CROSSWALK_PUBLIC_URL": url,
        "CROSSWALK_LOG_LEVEL": "WARNING",
        **{f"CROSSWALK_{name}": value for name, value in settings.items()},
    }
    told = in_one_process(
        environment,
        ("migrate",),
        ("org", "add", "clinic"),
        ("client", "add", "--org", "clinic", "--name", "CRM", "--scope", "system/*.cruds"),
    )
    org, client = told[-2:]
    assert org == {"org": "clinic", "fhir_base": f"{url}/fhir/r4/clinic"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--port", str(port), *options], env=environment, stderr=log
        )
        try:
            wait_until_ready(url, process, folder / "server.log")
            yield Server(url, "clinic", client["client_id"], client["client_secret"], commands(environment))
        finally:
            process.terminate()
            assert process.wait(30) == 0


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
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
def killable(port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server over a database that is there already; it is killed, not asked to stop."""
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port)]
    with log.open("ab") as lines:
        process = subprocess.Popen(command, env=environment, stderr=lines)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield process
    finally:
        process.kill()
        process.wait(30)
