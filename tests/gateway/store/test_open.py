"""Opening a store: what is looked at first, and over how many connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, update

from gateway.faults import Misconfigured
from gateway.store.dialect import open_engine
from gateway.store.index_version import STALE
from gateway.store.open import open_store
from gateway.store.tables import INDEX_STATE
from tests.gateway.store.basic_definitions import BasicDefinitions


@contextmanager
def counted() -> Iterator[list[str]]:
    """A line for each connection of an engine that is made, and one for each that is closed."""
    seen: list[str] = []
    listeners = [(name, lambda *_, name=name: seen.append(name)) for name in ("connect", "close")]
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


async def test_the_connection_that_looked_is_the_one_that_sessions_get(database_url: str) -> None:
    with counted() as seen:
        store = open_store(database_url, BasicDefinitions())
        with store.engine.connect():
            assert seen == ["connect"]
        await store.close()
        assert seen == ["connect", "close"]


def test_a_store_that_is_refused_leaves_no_connection(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(update(INDEX_STATE).values(version=0))
    engine.dispose()
    with counted() as seen:
        with pytest.raises(Misconfigured) as refused:
            open_store(database_url, BasicDefinitions())
        assert refused.value.issues[0].diagnostics == STALE
        assert seen == ["connect", "close"]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="crosswalk migrate"):
        open_store(f"sqlite:///{tmp_path / 'none.db'}", BasicDefinitions())
    assert list(tmp_path.iterdir()) == []
