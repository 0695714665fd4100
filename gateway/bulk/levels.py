"""What each kind of export holds: the whole system, all patients, or the members of a Group.

Around patients it is their compartments and, so that these can be understood, what they refer to outside of them:
who treats, where, on whose behalf and with what (Bulk Data Access 2.0.0, `_type`).
"""

from __future__ import annotations

from enum import Enum

from gateway.definitions.contract import Definitions

PATIENT = "Patient"
ASSOCIATED = frozenset(
    ("Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService", "Medication", "Substance")
)


class Level(Enum):
    """Where `$export` was asked for."""

    SYSTEM = "system"
    PATIENT = "patient"
    GROUP = "group"


def types_of(definitions: Definitions, level: Level) -> frozenset[str]:
    if level is Level.SYSTEM:
        return definitions.served
    return definitions.served & ({PATIENT, *definitions.patient_compartment} | associated(definitions))


def associated(definitions: Definitions) -> frozenset[str]:
    return ASSOCIATED - frozenset(definitions.patient_compartment)
