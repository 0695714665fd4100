"""Tests of the definitions."""

from __future__ import annotations
