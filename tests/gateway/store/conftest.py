"""A migrated store in a file of its own for each test, with two organisations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from shutil import copyfile

import pytest
from sqlmodel import Session

from gateway.store.migrations import migrate
from gateway.store.open import open_store
from gateway.store.store import SqlStore
from gateway.store.tables import Organisation
from tests.gateway.store.basic_definitions import BasicDefinitions

NOW = 1_700_000_000_000_000


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(migrated: Path, tmp_path: Path) -> str:
    path = tmp_path / "crosswalk.db"
    copyfile(migrated, path)
    return f"sqlite:///{path}"


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
    session.add(Organisation(id=1, slug="north", name="North Clinic", created=NOW))
    session.add(Organisation(id=2, slug="south", name="South Clinic", created=NOW))
