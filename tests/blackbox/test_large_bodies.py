"""Bodies beyond the limit, from clients that write all of a body before they read: a 413, no reset and no time-out."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.blackbox.conftest import Server, serving

pytestmark = pytest.mark.blackbox
MEGABYTE = bytes(1024 * 1024)
PARTS = 65


@pytest.fixture(scope="module", params=["hypercorn", "granian"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp(request.param), "--server", request.param) as server:
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
