"""FHIR XML both ways, driven by the definition tables (https://hl7.org/fhir/R4/xml.html)."""

from __future__ import annotations
