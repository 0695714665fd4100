"""FHIR operations beyond the interactions: one file each, whose docstring says where the specification has it."""

from __future__ import annotations
