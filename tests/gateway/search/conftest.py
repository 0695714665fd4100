"""The fixtures of the store, for searches that go through one."""

from __future__ import annotations

from tests.gateway.store.conftest import clock, store

__all__ = ["clock", "store"]
