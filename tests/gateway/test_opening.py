"""The composition root: a gateway put together from nothing but its settings."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from gateway.app import create_app
from gateway.faults import Misconfigured
from gateway.opening import check_migrated, data_dir, migrate, open_services
from gateway.settings import Settings


async def test_a_new_gateway_is_ready(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'new' / 'crosswalk.db'}")
    with pytest.raises(Misconfigured, match="crosswalk migrate"):
        check_migrated(settings)
    migrate(settings)
    check_migrated(settings)
    async with open_services(settings) as services:
        assert await services.readiness() is None
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url=settings.public_url) as http:
            assert (await http.get("/readyz")).text == "ready\n"
            assert (await http.get("/fhir/r4/nobody/metadata")).status_code == 404
    assert data_dir(settings) == tmp_path / "new"


def test_files_beside_a_server_database() -> None:
    assert data_dir(Settings(database_url="postgresql://user@host/db")) == Path("data")
