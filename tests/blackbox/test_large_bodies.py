"""Bodies beyond the limit, from clients that write all of a body before they read: a 413, no reset and no time-out.

And those that come drop by drop (slow loris): they are cut off in bounded time, while others are served.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from tests.blackbox.conftest import Server, serving

pytestmark = pytest.mark.blackbox
MEGABYTE = bytes(1024 * 1024)
PARTS = 65


@pytest.fixture(scope="module", params=["hypercorn", "granian"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    with serving(folder, "--server", request.param, BODY_SECONDS="1", IDLE_SECONDS="2") as server:
        yield server


@pytest.fixture(scope="module")
def headers(either: Server) -> dict[str, str]:
    return {"Authorization": f"Bearer {either.token()}", "Content-Type": "application/fhir+json"}


def parts() -> Iterator[bytes]:
    yield from (MEGABYTE for _ in range(PARTS))


@pytest.mark.parametrize("declared", [True, False], ids=["Content-Length", "chunked"])
def test_the_answer_arrives_and_the_connection_goes_on(either: Server, headers: dict[str, str], declared: bool) -> None:
    with httpx.Client(base_url=f"{either.base}/", headers=headers, timeout=20) as client:
        length = {"Content-Length": str(PARTS * len(MEGABYTE))} if declared else {}
        answer = client.post("Patient", content=parts(), headers=length)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")
        assert client.get("Patient", params={"_summary": "count"}).status_code == 200


def test_a_client_that_never_reads_while_it_writes(either: Server, headers: dict[str, str]) -> None:
    """As requests and urllib3 do, over http.client."""
    place = urlsplit(either.base)
    connection = http.client.HTTPConnection(place.netloc, timeout=20)
    connection.request("POST", f"{place.path}/Patient", parts(), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, b"too-long" in answer.read()) == (413, True)
    connection.close()


def test_a_stranger_is_told_so_too(either: Server) -> None:
    answer = httpx.post(f"{either.base}/Patient", content=MEGABYTE * PARTS, timeout=20)
    assert answer.status_code == 401


@dataclass
class Dropping:
    """A client that sends one byte at a time, and what it hears."""

    connection: socket.socket
    heard: bytes = b""
    over: bool = False

    def drop(self) -> None:
        """Waits a moment for an answer, then sends the next byte."""
        try:
            part = self.connection.recv(65536)
            self.heard += part
            self.over = not part
        except TimeoutError:
            with suppress(OSError):
                self.connection.send(b"x")
        except OSError:
            self.over = True


@contextmanager
def dropping(server: Server, beginning: str) -> Iterator[Dropping]:
    place = urlsplit(server.base)
    with socket.create_connection((place.hostname or "", place.port or 0)) as connection:
        connection.settimeout(0.05)
        connection.sendall(beginning.replace("\n", "\r\n").encode())
        yield Dropping(connection)


def test_drops_are_not_waited_for(either: Server, headers: dict[str, str]) -> None:
    """The head is given the idle time, here 2 seconds, and the body what is set for it, here 1."""
    sent = "".join(f"{name}: {value}\n" for name, value in {"Host": "x", **headers, "Content-Length": "9999"}.items())
    post = f"POST {urlsplit(either.base).path}/Patient HTTP/1.1\n{sent}"
    until = time.monotonic() + 15
    with (
        dropping(either, post) as head,
        dropping(either, f"{post}\n") as body,
        httpx.Client(base_url=f"{either.base}/", headers=headers, timeout=5) as other,
    ):
        while not (head.over and body.over) and time.monotonic() < until:
            for each in (head, body):
                if not each.over:
                    each.drop()
            assert other.get("Patient", params={"_summary": "count"}).status_code == 200
    assert (head.over, body.over) == (True, True)
    assert b"HTTP/1.1 2" not in head.heard
    assert body.heard.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"timeout"' in body.heard
