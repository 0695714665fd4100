"""One file per FHIR interaction or operation."""

from __future__ import annotations
