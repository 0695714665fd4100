"""The internal translator."""

from __future__ import annotations
