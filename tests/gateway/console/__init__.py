"""The console, in process."""

from __future__ import annotations
