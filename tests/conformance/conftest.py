"""Clients of the live server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.blackbox.conftest import Server
from tests.blackbox.conftest import server as server

MakeClient = Callable[[str], httpx.Client]
FHIR_JSON = "application/fhir+json"


@pytest.fixture(scope="session")
def live(server: Server) -> Iterator[httpx.Client]:
    """May do everything; paths are relative to the FHIR base."""
    headers = {"Authorization": f"Bearer {server.token()}", "Content-Type": FHIR_JSON}
    with httpx.Client(base_url=f"{server.base}/", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def scoped(server: Server) -> Iterator[MakeClient]:
    """A client that may do only what the scope says; none without a token for ""."""
    with ExitStack() as opened:

        def make(scope: str) -> httpx.Client:
            headers = {"Content-Type": FHIR_JSON}
            if scope:
                headers["Authorization"] = f"Bearer {server.token(scope)}"
            return opened.enter_context(httpx.Client(base_url=f"{server.base}/", headers=headers, timeout=30))

        yield make
