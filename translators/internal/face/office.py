"""What the front desk works with: its operations together."""

from __future__ import annotations

from gateway.translation.face import Operation
from translators.internal.face import (
    alerts,
    attributions,
    communications,
    definitions,
    family,
    field_values,
    relationships,
)

OPERATIONS: tuple[Operation, ...] = (
    *alerts.OPERATIONS,
    *communications.OPERATIONS,
    *family.OPERATIONS,
    *relationships.OPERATIONS,
    *attributions.OPERATIONS,
    *field_values.OPERATIONS,
    *definitions.OPERATIONS,
)
