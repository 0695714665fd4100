"""The internal REST API as a face of the store: its operations, by subject, and how it refuses."""

from __future__ import annotations

from gateway.translation.face import Face, Operation
from translators.internal.face import bulk, clinical, office, patients, summary
from translators.internal.face.refusing import Errors, ValidationErrors, refusal

OPERATIONS: tuple[Operation, ...] = (
    *patients.OPERATIONS,
    *bulk.OPERATIONS,
    *clinical.OPERATIONS,
    *summary.OPERATIONS,
    *office.OPERATIONS,
)

face = Face(
    root="/api/v1",
    org="org_id",
    title="Internal practice-management REST API",
    version="1",
    operations=OPERATIONS,
    refusal=refusal,
    refused=Errors,
    invalid=ValidationErrors,
)
