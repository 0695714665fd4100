"""A search that takes too long is given up, and said to be too costly."""

from __future__ import annotations

import pytest

from gateway.faults import TooLarge
from gateway.search.query import Criterion, Query, StringValue
from gateway.store import postgres, sqlite, trouble
from gateway.store.compiled import Compiled
from gateway.store.store import SqlStore

LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(30)",
}


async def test_a_read_that_takes_too_long(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "READ_S", 0.05)
    monkeypatch.setattr(sqlite, "LOOKED_AT_EVERY", 1000)
    monkeypatch.setattr(postgres, "BEGIN_READ", "BEGIN READ ONLY; SET LOCAL statement_timeout = '50ms'")
    forever = Compiled(LONG[store.engine.dialect.name], (), {})
    with pytest.raises(TooLarge) as refused:
        await store.database.read(lambda driver: driver.rows(forever, {}))
    assert refused.value.issues[0].code == "too-costly"
    monkeypatch.undo()
    asked = Query("Basic", (Criterion("string", "string", "", (StringValue("x"),)),))
    assert (await store.search(1, asked)).matches == []
