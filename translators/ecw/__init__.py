"""The ecw translator."""

from __future__ import annotations
