"""Crosswalk's gateway: FHIR R4 and HTTP; it knows no vendor."""

from __future__ import annotations

__version__ = "0.1.0"
__released__ = "2026-11-21"
