"""Tests of the FHIR interactions, over HTTP in process."""

from __future__ import annotations
