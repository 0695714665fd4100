"""The clinical tables bound as the face binds them, and whether what they make is FHIR."""

from __future__ import annotations

from typing import Any

from gateway.canonical import extension_url
from gateway.translation.lens import Lens, ResourceMap
from tests.gateway.definitions.strategies import DEFINITIONS
from translators.internal.face.bindings import FACE

PATIENT = {"reference": "Patient/p1"}
VITAL_SIGNS = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]
}


def face(table: ResourceMap) -> Lens:
    return table.bound(FACE)


def problems(resource: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(issue.expression[0], issue.code) for issue in DEFINITIONS.validate(resource) if issue.severity == "error"]


def own(name: str, **value: Any) -> dict[str, Any]:
    return {"url": extension_url(name), **value}
