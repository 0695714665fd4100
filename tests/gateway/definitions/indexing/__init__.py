"""Tests of the index extraction."""

from __future__ import annotations
