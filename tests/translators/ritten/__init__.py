"""Tests of the Ritten translator and its sandbox."""

from __future__ import annotations
