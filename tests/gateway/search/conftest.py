"""The fixtures of the store, for searches that go through one."""

from __future__ import annotations

from tests.gateway.store.conftest import clock, database_url, migrated, store

__all__ = ["clock", "database_url", "migrated", "store"]
