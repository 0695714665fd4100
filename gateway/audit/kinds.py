"""What an address and a method are, in the words of AuditEvent: type, subtype and action; and what is no access at all.

Types and subtypes: http://terminology.hl7.org/CodeSystem/audit-event-type, http://hl7.org/fhir/restful-interaction, and
DICOM's (PS3.16, CID 400 to 403).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

AUDIT_EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
RESTFUL = "http://hl7.org/fhir/restful-interaction"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
BASE = "/fhir/r4/{org}"
VIA = f"{BASE}/via/{{connection}}"
OPEN = (f"{BASE}/metadata", f"{VIA}/metadata", f"{BASE}/.well-known/", f"{VIA}/.well-known/")
"""What is told to everybody is no access to anything."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of event is coded."""

    type: tuple[str, str, str]
    subtype: tuple[str, str, str] | None = None


def rest(interaction: str) -> Kind:
    return Kind((AUDIT_EVENT_TYPE, "rest", "RESTful Operation"), (RESTFUL, interaction, interaction))


def dicom(code: str, display: str, subtype: str | None = None, named: str = "") -> Kind:
    return Kind((DICOM, code, display), (DICOM, subtype, named) if subtype else None)


AUTHENTICATION, SECURITY = ("110114", "User Authentication"), ("110113", "Security Alert")
KINDS: Mapping[str, Kind] = {
    **{
        name: rest(name)
        for name in (
            "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "history-system",
            "create", "search-type", "search-system", "batch", "transaction", "operation",
        )
    },
    "export": dicom("110106", "Export"),
    "import": dicom("110107", "Import"),
    "login": dicom(*AUTHENTICATION, "110122", "Login"),
    "logout": dicom(*AUTHENTICATION, "110123", "Logout"),
    "token": dicom(*AUTHENTICATION, "110122", "Login"),
    "authorization": dicom(*SECURITY, "110136", "Security Roles Changed"),
    "webhook": dicom("110107", "Import"),
    "console": dicom("110100", "Application Activity"),
    "configuration": dicom(*SECURITY, "110129", "Security Configuration"),
    "command": dicom(*SECURITY, "110129", "Security Configuration"),
    "service": dicom("110100", "Application Activity"),
}  # fmt: skip

OF_SECURITY = frozenset({"export", "login", "logout", "token", "authorization", "configuration", "command", "webhook"})
"""Besides refusals, what waits for the disk: there is no version or other row that tells of it, too."""

TYPE, RESOURCE = f"{BASE}/{{type}}", f"{BASE}/{{type}}/{{id}}"
BY_ADDRESS: Mapping[str, Mapping[str, str]] = {
    RESOURCE: {"GET": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete"},
    TYPE: {"GET": "search-type", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"},
    BASE: {"GET": "search-system", "POST": "transaction"},
    f"{RESOURCE}/_history/{{vid}}": {"GET": "vread"},
    f"{RESOURCE}/_history": {"GET": "history-instance"},
    f"{TYPE}/_history": {"GET": "history-type"},
    f"{BASE}/_history": {"GET": "history-system"},
    f"{BASE}/AuditEvent": {"GET": "search-type"},
    f"{BASE}/AuditEvent/{{id}}": {"GET": "read"},
    f"{VIA}/{{type}}/{{id}}": {"GET": "read", "PUT": "update", "DELETE": "delete"},
    f"{VIA}/{{type}}": {"GET": "search-type", "POST": "create"},
    VIA: {"GET": "search-system"},
}
"""The templates of the route table, without convertors and last slashes."""
ACTIONS = {
    "create": "C", "update": "U", "patch": "U", "delete": "D", "read": "R", "vread": "R", "history-instance": "R",
    "history-type": "R", "history-system": "R", "export": "R", "import": "C",
}  # fmt: skip
"""All else is executed."""
OF_AUTHORIZATION = {"token": "token", "sign-in": "login", "provider/callback": "login", "sign-out": "logout"}
"""The addresses below /oauth/{org}; all others change what somebody may do."""


@cache
def kind_at(template: str, method: str) -> str | None:
    """None where nothing is accessed."""
    template, method = _plain(template), "GET" if method == "HEAD" else method
    if method == "OPTIONS" or template.startswith(OPEN):
        return None
    if template.startswith(BASE):
        return BY_ADDRESS.get(template, {}).get(method) or _other(template, method)
    if template.startswith("/oauth/{org}/"):
        return _of_authorization(template, method)
    if template.startswith("/hooks/"):
        return "webhook"
    if template.startswith("/admin/"):
        return "console" if method == "GET" else "configuration"
    return "service" if template.startswith("/api/") else None


def of_console(path: str, method: str) -> str | None:
    """The console is mounted: its routes are told by their path."""
    if path.startswith("/console/static/") or (path == "/console/sign-in" and method == "GET"):
        return None
    by_path = {"/console/sign-in": "login", "/console/sign-out": "logout"}
    return by_path.get(path) or ("configuration" if method == "POST" else "console")


def action_of(kind: str) -> str:
    return ACTIONS.get(kind, "E")


def _plain(template: str) -> str:
    for convertor in (":type", ":id", ":int", ":path"):
        template = template.replace(convertor + "}", "}")
    return template.rstrip("/")


def _of_authorization(template: str, method: str) -> str | None:
    name = template.removeprefix("/oauth/{org}/")
    if name == "jwks" or (method == "GET" and name not in ("userinfo", "provider/callback")):
        return None  # pages that only ask
    return OF_AUTHORIZATION.get(name, "authorization")


def _other(template: str, method: str) -> str:
    if template.endswith("/_search"):
        return "search-system" if template == f"{BASE}/_search" else "search-type"
    if template.endswith("/{compartment}"):
        return "search-type"
    if template.endswith(("$export", ".ndjson")):
        return "export"
    return "import" if template.endswith("$import") else "operation"
