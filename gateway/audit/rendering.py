"""An event as an AuditEvent (http://hl7.org/fhir/R4/auditevent.html), after IHE's Basic Audit Log Patterns."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from gateway.audit.access import Access, named
from gateway.audit.kinds import KINDS
from gateway.definitions.contract import Resource
from gateway.store.document import instant

Json = dict[str, Any]
ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
IP_ADDRESS = "2"
SERVER = "3"
"""Of http://terminology.hl7.org/CodeSystem/security-source-type: a web server process."""


def audit_event(access: Access, public_url: str) -> Resource:
    kind = KINDS[access.kind]
    event: Resource = {
        "resourceType": "AuditEvent",
        "id": access.id,
        "meta": {"versionId": "1", "lastUpdated": instant(access.at)},
        "type": coding(*kind.type),
        "subtype": [coding(*kind.subtype)] if kind.subtype else None,
        "action": access.action,
        "recorded": instant(access.at),
        "outcome": outcome(access.status),
        "outcomeDesc": " ".join(filter(None, (f"HTTP {access.status}", access.told))),
        "purposeOfEvent": [{"coding": [{"system": ACT_REASON, "code": code}]} for code in access.purposes],
        "agent": list(agents(access, public_url)),
        "source": {
            "site": public_url,
            "observer": {"display": "Crosswalk"},
            "type": [coding(SOURCE_TYPE, SERVER, "Web Server")],
        },
        "entity": list(entities(access)),
    }
    return {name: value for name, value in event.items() if value}


def outcome(status: int) -> str:
    """http://hl7.org/fhir/audit-event-outcome: 4 is a refusal, 8 a failure of ours."""
    return "0" if status < 400 else "4" if status < 500 else "8"


def coding(system: str, code: str, display: str) -> Json:
    return {"system": system, "code": code, "display": display}


def concept(system: str, code: str, display: str) -> Json:
    return {"coding": [coding(system, code, display)]}


def agents(access: Access, public_url: str) -> Iterator[Json]:
    """Who asked is the requestor: the user where there is one, else the application."""
    network = {"network": {"address": access.address, "type": IP_ADDRESS}} if access.address else {}
    base = f"{public_url}/fhir/r4/{access.org}"
    if access.user is not None:
        reference = {"reference": access.fhir_user} if access.fhir_user else {}
        who = {"identifier": {"system": f"{base}/users", "value": access.user}, **reference}
        user = {"who": who, "requestor": True, "altId": access.user}
        yield user if access.client is not None else {**user, **network}
    if access.client is not None or access.user is None:
        name = access.client or "unknown"
        yield {
            "type": concept(DICOM, "110153", "Source Role ID"),
            "who": {"identifier": {"system": f"{base}/clients", "value": name}},
            "altId": name,
            "requestor": access.user is None,
            **network,
        }
    yield {
        "type": concept(DICOM, "110152", "Destination Role ID"),
        "who": {"display": "Crosswalk", "identifier": {"value": base}},
        "requestor": False,
    }


def entities(access: Access) -> Iterator[Json]:
    for patient in access.patients:
        yield _entity(patient, ("1", "Person"), ("1", "Patient"))
    asked = named(access.what)
    known = {reference.partition("/_history/")[0] for reference in access.touched}
    for reference in (*access.touched, *({asked} - known - {""})):
        yield _entity(reference, ("2", "System Object"), ("4", "Domain Resource"))
    if access.what or access.query:
        yield _asked(access)
    if access.request is not None:
        yield {
            "what": {"identifier": {"value": access.request}},
            "type": coding(
                "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId", "Request"
            ),
        }


def _entity(reference: str, type: tuple[str, str], role: tuple[str, str]) -> Json:
    return {
        "what": {"reference": reference},
        "type": coding(ENTITY_TYPE, *type),
        "role": coding(ENTITY_ROLE, *role),
    }


def _asked(access: Access) -> Json:
    """The whole of what was asked for, in base64, as `entity.query` has it."""
    asked = f"{access.what}?{access.query}" if access.query else access.what
    return {
        "type": coding(ENTITY_TYPE, "2", "System Object"),
        "role": coding(ENTITY_ROLE, "24", "Query"),
        "query": b64encode(asked.encode()).decode(),
    }
