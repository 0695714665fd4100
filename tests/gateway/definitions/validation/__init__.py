"""Tests of the validation."""

from __future__ import annotations
