"""A client of the live server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.blackbox.conftest import Server
from tests.blackbox.conftest import server as server


@pytest.fixture(scope="session")
def live(server: Server) -> Iterator[httpx.Client]:
    """May do everything; paths are relative to the FHIR base."""
    headers = {"Authorization": f"Bearer {server.token()}", "Content-Type": "application/fhir+json"}
    with httpx.Client(base_url=f"{server.base}/", headers=headers, timeout=30) as client:
        yield client
