"""Callers of every kind, as the tests of security have them."""

from __future__ import annotations

from tests.security.conftest import world

__all__ = ["world"]
