"""The ritten translator."""

from __future__ import annotations
