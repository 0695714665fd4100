"""References of an outgoing patient: our ids → the uuids of the EMR, as far as they can be told."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from gateway.canonical import extension_url
from gateway.translation import path
from gateway.translation.contract import Account, Chart, Linked
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Resource
from translators.internal.patient_pairs import full_name

_OWN = {
    "facility": "Location",
    "secondary-provider": "Practitioner",
    "employer": "Organization",
    "responsible-party": "Patient",
    "billing-type": "Basic",
    "fee-schedule": "Basic",
}
PLACES = {"generalPractitioner[type=Practitioner|]": "Practitioner"} | {
    f"extension[url={extension_url(name)}].valueReference": type for name, type in _OWN.items()
}
"""Where a patient refers to something that the EMR has, and the type that it takes there."""

_EMERGENCY_NAME = path.parse("contact[relationship.coding.code=C].name")
UNKNOWN = (
    "its target is not known to the EMR: pull it from there, or for a Location map it "
    "with `crosswalk mapping set ... location NAME UUID`"
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The patient in the EMR's terms. Every element keeps its place."""

    patient: Resource
    unresolved: tuple[str, ...]
    """Where references stayed behind."""
    counted: Resource
    """The same with those references filled in, so that only other losses are found in it."""

    def left_behind(self) -> tuple[LeftOut, ...]:
        return tuple(LeftOut(place, UNKNOWN) for place in self.unresolved)


def outgoing(account: Account, chart: Chart, link: Linked) -> Outgoing:
    patient, unresolved = deepcopy(chart.patient), {}
    _join_emergency_name(patient)
    for place, type in PLACES.items():
        concrete = path.locate(patient, path.parse(place))
        if concrete is None:
            continue
        reference = path.at(patient, concrete)
        target = _target(account, chart, link, reference, type)
        if target is not None:
            reference["reference"] = target
        else:
            unresolved[concrete] = f"emr:{type}/unresolved"
    counted = deepcopy(patient)
    for concrete, target in unresolved.items():
        path.at(counted, concrete)["reference"] = target
    return Outgoing(patient, tuple(path.expression(place, "Patient") for place in unresolved), counted)


def _target(account: Account, chart: Chart, link: Linked, reference: Resource, type: str) -> str | None:
    """The reference in the EMR's terms; one of another type than the EMR takes there stays behind."""
    local = reference.get("reference", "")
    if local.startswith("emr:"):
        return str(local)
    key = key_of(account, chart, link, reference)
    said = local.partition("/")[0] if local else reference.get("type", type)
    return f"emr:{type}/{key}" if key and said == type else None


def key_of(account: Account, chart: Chart, link: Linked, reference: Resource) -> str | None:
    """The EMR's uuid of what a reference refers to."""
    if reference.get("reference") == f"Patient/{link.local_id}":
        return link.external_id
    if key := link.keys.get(reference.get("reference", "")):
        return key
    resource = chart.resolve(reference) or {}
    for identifier in (*resource.get("identifier", ()), reference.get("identifier", {})):
        if identifier.get("system") == account.system("id") and identifier.get("value"):
            return str(identifier["value"])
    return _mapped(account, reference, resource)


def _mapped(account: Account, reference: Resource, resource: Resource) -> str | None:
    target = reference.get("reference", "")
    if not target.startswith("Location/"):
        return None
    table = account.mappings.get("location", {})
    words: list[Any] = [target, target.removeprefix("Location/"), resource.get("name"), reference.get("display")]
    return next((table[word] for word in words if word in table), None)


def _join_emergency_name(patient: Resource) -> None:
    """The API has one name string; said so in FHIR terms, no part of a split name counts as lost."""
    name = path.get(patient, _EMERGENCY_NAME)
    if name is not None and (joined := full_name(name)):
        for part in ("given", "family", "use"):
            name.pop(part, None)
        name["text"] = joined
