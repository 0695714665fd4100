"""Two patients with a resource of every type each, and callers of every kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.auth.scopes import Scopes
from gateway.auth.verification import Caller, TokenVerifier, _digest, _Verified
from gateway.definitions.contract import Definitions
from gateway.services import Services
from tests.gateway.conftest import NORTH, Fhir
from tests.gateway.definitions.validation.test_served_types import BESIDES, least

Resource = dict[str, Any]
A, B = "patient-a", "patient-b"
APART = frozenset({"AuditEvent", "Subscription"})
"""Belong to the gateway and to clients; they have rules and tests of their own."""
MEMBERS = {
    "Appointment": ("participant", "actor"),
    "Basic": ("subject",),
    "Group": ("member", "entity"),
    "Patient": (),
    "Person": ("link", "target"),
    "Provenance": ("target",),
    "Schedule": ("actor",),
    "List": ("subject",),
    "Account": ("subject",),
    "Observation": ("subject",),
    "Communication": ("subject",),
    "Coverage": ("beneficiary",),
    "DiagnosticReport": ("subject",),
    "DocumentReference": ("subject",),
    "Media": ("subject",),
    "MedicationDispense": ("subject",),
    "QuestionnaireResponse": ("subject",),
    "Specimen": ("subject",),
    "CarePlan": ("subject",),
    "CareTeam": ("subject",),
    "Consent": ("patient",),
    "Encounter": ("subject",),
}
"""Type → the element that puts a resource into a compartment; for other types the required `patient` or `subject`."""
MANY = frozenset({"participant", "member", "link", "target", "actor", "Account.subject"})


def types(definitions: Definitions) -> list[str]:
    return sorted(definitions.served - APART)


def id_of(type: str, patient: str) -> str:
    return patient if type == "Patient" else f"{patient[-1]}-{type.lower()}"


def resource_of(definitions: Definitions, type: str, patient: str, mark: str = "") -> Resource:
    """The least that is valid, in the compartment of the patient if the type can be."""
    resource: Resource = moved({"resourceType": type, **least(type), **BESIDES.get(type, {})}, patient)
    resource["id"] = id_of(type, patient)
    if type in definitions.patient_compartment and type != "Patient":
        _refer(resource, type, MEMBERS.get(type, ()), {"reference": f"Patient/{patient}"})
    if mark:
        resource["meta"] = {"tag": [{"system": "urn:canary", "code": mark}]}
    return resource


def moved(node: Any, patient: str) -> Any:
    """References to some Patient lead to this one, others to what is not there."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            return {"reference": f"Patient/{patient}"} if node["reference"].startswith("Patient/") else node
        return {name: moved(value, patient) for name, value in node.items()}
    return [moved(item, patient) for item in node] if isinstance(node, list) else node


def _refer(resource: Resource, type: str, path: tuple[str, ...], reference: Resource) -> None:
    if not path:
        path = ("patient",) if "patient" in resource or type == "EpisodeOfCare" else ("subject",)
    first, *rest = path
    value: Any = reference
    if rest:
        existing = resource.get(first)
        value = (existing[0] if isinstance(existing, list) and existing else {}) | {rest[0]: reference}
    many = first in MANY or f"{type}.{first}" in MANY
    resource[first] = [value] if many else value


@dataclass
class World:
    """The application with callers whose tokens need not be issued: they stand where verified ones are remembered."""

    http: httpx.AsyncClient
    services: Services
    callers: dict[str, Fhir] = field(default_factory=dict)

    def caller(self, scope: str, **more: Any) -> Fhir:
        """At north, with that scope."""
        name = repr((scope, sorted(more.items(), key=repr)))
        if name not in self.callers:
            token = f"known.{len(self.callers)}"
            caller = Caller(1, "north", more.pop("client", "app"), Scopes.parse(scope), **more)
            remember(self.services.auth.verifier, token, caller)
            self.callers[name] = self.client(NORTH, token)
        return self.callers[name]

    def client(self, base: str, token: str) -> Fhir:
        return Fhir(self.http, base, token)

    @property
    def admin(self) -> Fhir:
        return self.caller("system/*.cruds", client="CRM", purposes=frozenset({"TREAT", "HPAYMT"}))

    async def load(self, *resources: Resource) -> None:
        for resource in resources:
            answer = await self.admin.ask("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
            assert answer.status_code in (200, 201), answer.text


def remember(verifier: TokenVerifier, token: str, caller: Caller) -> None:
    verifier._remembered[_digest(caller.org_slug, token)] = _Verified(caller, float("inf"))


@dataclass(frozen=True)
class Spelling:
    """One way to write a scope, and what it means by the words of the specification."""

    name: str
    scope: str
    """TYPE stands for the type at hand."""
    actions: str
    reach: str
    """all, own (of patient A), id (one resource of A), none (on this type), void (on any)"""
    caller: dict[str, Any] = field(default_factory=dict)

    def of(self, type: str, more: tuple[str, ...] = ()) -> str:
        context = self.scope.partition("/")[0]
        besides = [f"{context}/{each}" for each in more] if "/" in self.scope else []
        return " ".join([self.scope.replace("TYPE", type).replace("OWN", id_of(type, A)), *besides])

    def reaches(self, definitions: Definitions, type: str, patient: str) -> bool:
        if self.reach in ("all", "none", "void"):
            return self.reach == "all"
        if self.reach == "id":
            return patient == A
        return patient == A and type in definitions.patient_compartment

    def permits(self, definitions: Definitions, type: str, action: str) -> bool:
        """Whether there may be a resource of the type that it gives the action on."""
        return action in self.actions and self.reaches(definitions, type, A)


STAFF: dict[str, Any] = {"user_email": "ops@example.org", "user_role": "operator", "fhir_user": "Practitioner/p"}
VIEWER: dict[str, Any] = {**STAFF, "user_role": "viewer", "fhir_user": None}
HERSELF: dict[str, Any] = {"user_email": "a@example.org", "user_role": "operator", "fhir_user": f"Patient/{A}"}
LOOKING: dict[str, Any] = {**HERSELF, "user_role": "viewer"}
LAUNCHED: dict[str, Any] = {**STAFF, "patient": A}
SPELLINGS = (
    Spelling("v2 all", "system/*.cruds", "cruds", "all"),
    Spelling("v1 all", "system/*.*", "cruds", "all"),
    Spelling("v1 read", "system/TYPE.read", "rs", "all"),
    Spelling("v1 write", "system/TYPE.write", "cud", "all"),
    *(Spelling(f"only {letter}", f"system/TYPE.{letter}", letter, "all") for letter in "cruds"),
    Spelling("another type", "system/Linkage.cruds", "", "none"),
    Spelling("letters out of order", "system/TYPE.sdurc", "", "none"),
    Spelling("by id", "system/TYPE.cruds?_id=OWN", "cruds", "id"),
    Spelling("by nothing known", "system/TYPE.cruds?nonsense=1", "", "none"),
    Spelling("by a chain", "system/TYPE.cruds?_has:List:item:_id=x", "", "none"),
    Spelling("patient", "patient/TYPE.cruds", "cruds", "own", LAUNCHED),
    Spelling("patient v1", "patient/*.read", "rs", "own", LAUNCHED),
    Spelling("patient by id", "patient/TYPE.rs?_id=OWN", "rs", "own", LAUNCHED),
    Spelling("patient herself", "patient/*.cruds", "cruds", "own", {**HERSELF, "patient": A}),
    Spelling("patient unlaunched", "patient/*.cruds", "", "void", STAFF),
    Spelling("patient of another", "patient/*.cruds", "", "void", {**HERSELF, "patient": B}),
    Spelling("staff", "user/TYPE.cruds", "cruds", "all", STAFF),
    Spelling("viewer", "user/*.cruds", "rs", "all", VIEWER),
    Spelling("viewer who treats", "user/*.cruds", "rs", "all", {**STAFF, "user_role": "viewer"}),
    Spelling("user herself", "user/*.cruds", "cruds", "own", HERSELF),
    Spelling("viewer herself", "patient/*.cruds", "rs", "own", {**LOOKING, "patient": A}),
    Spelling("user without a user", "user/*.cruds", "", "void"),
    Spelling("system with a user", "system/*.cruds", "", "void", STAFF),
    Spelling("nothing", "", "", "none"),
)
