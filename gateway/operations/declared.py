"""The operations that /metadata declares, by the canonical URLs of their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from gateway.canonical import CANONICAL

DEFINITION = "http://hl7.org/fhir/OperationDefinition/"
BULK = "http://hl7.org/fhir/uv/bulkdata/"
BULK_SERVER = f"{BULK}CapabilityStatement/bulk-data|2.0.0"
OF_SYSTEM: Mapping[str, str] = {
    "meta": "Resource-meta",
    "export": f"{BULK}OperationDefinition/export",
    "import": f"{CANONICAL}OperationDefinition/import",
}
OF_EVERY_TYPE: Mapping[str, str] = {
    "validate": "Resource-validate",
    "meta": "Resource-meta",
    "meta-add": "Resource-meta-add",
    "meta-delete": "Resource-meta-delete",
}
OF_TYPE: Mapping[str, Mapping[str, str]] = {
    "Patient": {
        "everything": "Patient-everything",
        "match": "Patient-match",
        "export": f"{BULK}OperationDefinition/patient-export",
    },
    "Group": {"export": f"{BULK}OperationDefinition/group-export"},
}


def of_system() -> list[dict[str, str]]:
    """As CapabilityStatement.rest.operation lists them."""
    return listed(OF_SYSTEM)


def of_type(type: str) -> list[dict[str, str]]:
    return listed({**OF_EVERY_TYPE, **OF_TYPE.get(type, {})})


def listed(operations: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "definition": urljoin(DEFINITION, definition)} for name, definition in operations.items()]
