"""FHIR definitions as data: types, search parameters and compartments from profiles/."""

from __future__ import annotations
