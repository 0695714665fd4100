"""Referral attribution: the field table of `PatientReferralAttributionOut`.

A ServiceRequest of the category "inbound referral": the requester is the one source that has brought the patient. The
outbound referrals of EMRs are of another category, and none of them is told as an attribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.canonical import CANONICAL, extension_url
from gateway.translation.codec import INSTANT, TEXT, Unreadable
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import ID, own, related
from translators.internal.vocabulary import reference, same

CATEGORY = f"{CANONICAL}CodeSystem/service-request-category"
INBOUND = "inbound-referral"
SOURCE_KIND = extension_url("attribution-source")
ROLE = same("assist", "primary", "secondary")
SOURCES: Mapping[str, tuple[str, str | None]] = {
    "referral_source": ("Organization", "referral-source"),
    "referral_partner": ("Organization", "referral-partner"),
    "provider": ("Practitioner", None),
    "referring_patient": ("Patient", None),
}
"""Field → the type of the requester, and what tells it from others of that type."""
ONE_SOURCE = "expected exactly one of referral_source, referral_partner, provider and referring_patient"
_KIND = parse(f"extension[url={SOURCE_KIND}].valueCode")


def _read_source(record: Record, resource: Resource, bindings: Bindings) -> None:
    given = {name: entity for name in SOURCES if (entity := _entity(record, name))}
    if not given:
        return
    if len(given) > 1:
        raise Unreadable(ONE_SOURCE)
    ((name, entity),) = given.items()
    type, kind = SOURCES[name]
    resource["requester"] = {"reference": reference(type)(bindings).decode(entity.get("id"))}
    if entity.get("name"):
        resource["requester"]["display"] = TEXT.decode(entity["name"])
    if kind is not None:
        resource["extension"] = [{"url": SOURCE_KIND, "valueCode": kind}]


def _entity(record: Record, name: str) -> Record:
    entity = record.get(name)
    return entity if isinstance(entity, dict) and (entity.get("id") or entity.get("name")) else {}


def _write_source(resource: Resource, record: Record, bindings: Bindings) -> None:
    requester: dict[str, Any] = resource.get("requester") or {}
    if not requester:
        return
    name = _field_of(requester, get(resource, _KIND), bindings)
    entity = {"id": reference(SOURCES[name][0])(bindings).encode(requester.get("reference"))}
    record[name] = entity | ({"name": requester["display"]} if requester.get("display") else {})


def _field_of(requester: Resource, kind: Any, bindings: Bindings) -> str:
    """An organisation that says no more is a source: a partner is one with whom something was agreed."""
    for name, (type, own_kind) in SOURCES.items():
        is_type = str(requester.get("reference", "")).startswith(f"{_prefix(bindings)}{type}/")
        if is_type and (own_kind in (kind, None) or (kind is None and own_kind == "referral-source")):
            return name
    raise Unreadable("expected an Organization, Practitioner or Patient")


def _prefix(bindings: Bindings) -> str:
    return bindings.constants.get("references", "emr:")


SOURCE = Pair(
    tuple(f"{name}.{leaf}" for name in SOURCES for leaf in ("id", "name")),
    ("requester.reference", "requester.display", f"extension[url={SOURCE_KIND}]"),
    _read_source,
    _write_source,
)

ATTRIBUTION = ResourceMap(
    "ServiceRequest",
    frozenset({Interaction.READ, Interaction.CREATE, Interaction.UPDATE}),
    (
        ID,
        *related("patient", "subject", "Patient"),
        SOURCE,
        own("attribution_role", "attribution-role", "valueCode", ROLE),
        Field("attributed_at", "authoredOn", INSTANT),
        Field("source_note", "note[0].text"),
    ),
    constants={
        "status": "active",
        "intent": "order",
        "category": [{"coding": [{"system": CATEGORY, "code": INBOUND, "display": "Inbound referral"}]}],
    },
)
