"""Whose a version is, told from its bytes: for what is written about it, never for what may be seen of it."""

from __future__ import annotations

import re

from gateway.store.contract import Stored

PATIENT = "Patient"
REFERENCE = re.compile(
    rb'"(?:subject|patient|beneficiary|individual|for|actor)":\{[^{}]*"reference":"(Patient/[A-Za-z0-9\-.]{1,64})"'
)


def patients_of(stored: Stored) -> tuple[str, ...]:
    """As Patient/ID; none of what was deleted, unless it is a Patient itself."""
    if stored.type == PATIENT:
        return (f"{PATIENT}/{stored.id}",)
    return tuple(dict.fromkeys(found.decode() for found in REFERENCE.findall(stored.body)))
