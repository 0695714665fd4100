"""A migrated store for each test, with two organisations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from sqlmodel import Session

from gateway.store.open import open_store
from gateway.store.store import SqlStore
from gateway.store.tables import Organisation
from tests.gateway.store.basic_definitions import BasicDefinitions

NOW = 1_700_000_000_000_000


@pytest.fixture
def clock() -> Iterator[int]:
    """A second later at every look."""
    return count(NOW, 1_000_000)


@pytest.fixture
async def store(database_url: str, clock: Iterator[int]) -> AsyncIterator[SqlStore]:
    store = open_store(database_url, BasicDefinitions(), clock=lambda: next(clock))
    await store.session_write(two_organisations)
    yield store
    await store.close()


def two_organisations(session: Session) -> None:
    session.add(Organisation(slug="north", name="North Clinic", created=NOW))
    session.flush()
    session.add(Organisation(slug="south", name="South Clinic", created=NOW))
