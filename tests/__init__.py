"""The test suite; its folders mirror the source."""

from __future__ import annotations
