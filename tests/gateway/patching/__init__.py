"""Tests of gateway/patching."""

from __future__ import annotations
