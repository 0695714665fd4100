"""The kipu translator."""

from __future__ import annotations
