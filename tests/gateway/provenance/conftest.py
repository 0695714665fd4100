"""The application with its witness of versions; elsewhere tests count what they write themselves."""

from __future__ import annotations

import pytest

from gateway.provenance.witness import provenance_witness
from gateway.services import Services
from tests.gateway.conftest import Fhir


@pytest.fixture
async def client(services: Services, client: Fhir) -> Fhir:
    services.store.witnesses.append(provenance_witness)
    return client
