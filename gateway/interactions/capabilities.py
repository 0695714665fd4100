"""FHIR capabilities interaction: what this server does, from the data that it does it with (http.html#capabilities)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import anyio
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from starlette.requests import Request
from starlette.responses import Response

from gateway import __released__, __version__
from gateway.auth.authority import Realm
from gateway.definitions.contract import NONE, Definitions, Demanded, SearchParameter
from gateway.formats import CONTENT_TYPE, FHIR_JSON, FHIR_XML, wanted
from gateway.interactions.demands import demands_of
from gateway.interactions.exchange import encode
from gateway.interactions.own_definitions import STORED_ONLY
from gateway.interactions.patch import FORMATS
from gateway.interactions.subset import subset_of_one
from gateway.operations import declared
from gateway.search.includes import EVERY, references
from gateway.search.parse import NOT_HERE
from gateway.search.values import READERS
from gateway.subscriptions.names import PROFILE, STATUS_OPERATION, SUBSCRIPTION, TOPIC, TOPIC_EXTENSION

AUDIT_EVENT = "AuditEvent"
INTERACTIONS = (
    "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"
)  # fmt: skip
SMART_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
SECURITY = (
    "SMART scopes of versions 1 and 2. patient/ scopes reach the compartment of the patient in context, and no type "
    "that the CompartmentDefinition does not name; search parameters of a scope narrow it. Resources with a "
    "restricting label (ValueSet restricting-label, 42 CFR Part 2) are for clients registered with a matching purpose "
    "of use. What a token does not reach is answered as what is not there"
)
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


async def capabilities(request: Request) -> Response:
    """GET [base]/metadata, open to all"""
    wanted(request)
    services = request.app.state.services
    subset = subset_of_one(request.query_params.multi_items())
    realm = await anyio.to_thread.run_sync(services.auth.realm, request.path_params["org"])
    demanded = await demands_of(services, realm.org)
    body = subset.body(services.definitions, rendered(services.definitions, realm, tuple(demanded.items())))
    return Response(body, media_type=CONTENT_TYPE)


@lru_cache(maxsize=256)
def rendered(definitions: Definitions, realm: Realm, demanded: tuple[tuple[str, Sequence[str]], ...] = ()) -> bytes:
    """Neither definitions nor realms change while a process lives; what an organisation demands may."""
    return encode(capability_statement(definitions, realm, dict(demanded)))


def capability_statement(definitions: Definitions, realm: Realm, demanded: Demanded = NONE) -> dict[str, Any]:
    """The statement of one organisation's base; fhir.resources checks its shape."""
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": __released__,
        "kind": "instance",
        "instantiates": [declared.BULK_SERVER],
        "software": {"name": "Crosswalk", "version": __version__, "releaseDate": __released__},
        "implementation": {"description": "The normalised store of one organisation", "url": realm.fhir_base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json", FHIR_XML, "xml"],
        "patchFormat": list(FORMATS),
        "rest": [
            {
                "mode": "server",
                "security": smart_security(realm),
                "resource": [_resource(definitions, t, demanded.get(t, ())) for t in sorted(definitions.served)],
                "interaction": [{"code": code} for code in ("transaction", "batch", "history-system", "search-system")],
                "searchParam": list(_of_every_type(definitions)),
                "operation": declared.of_system(),
                "compartment": ["http://hl7.org/fhir/CompartmentDefinition/patient"],
            }
        ],
    }
    CapabilityStatement.model_validate(statement)
    return statement


def smart_security(realm: Realm) -> dict[str, Any]:
    names = ("authorize", "token", "introspect", "revoke", "register")
    addresses = [{"url": name, "valueUri": realm.endpoint(name)} for name in names]
    return {
        "extension": [{"url": OAUTH_URIS, "extension": addresses}],
        "description": SECURITY,
        "cors": True,
        "service": [{"coding": [{"system": SMART_SERVICE, "code": "SMART-on-FHIR"}], "text": "OAuth2, SMART on FHIR"}],
    }


def _resource(definitions: Definitions, type: str, demanded: Sequence[str]) -> dict[str, Any]:
    searched = [p for p in definitions.search_parameters(type).values() if is_searchable(p)]
    searched.sort(key=lambda parameter: parameter.code)
    if type == AUDIT_EVENT:
        return _audit_events(searched)
    resource: dict[str, Any] = {
        "type": type,
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "searchParam": [_search_param(parameter) for parameter in searched],
        "operation": declared.of_type(type),
    }
    if type in STORED_ONLY:
        resource["documentation"] = STORED_ONLY[type]
    if demanded:
        (resource["profile"],) = demanded
    if profiles := definitions.profiles_on(type):
        resource["supportedProfile"] = list(profiles)
    if type == SUBSCRIPTION:
        _add_subscriptions(resource)
    resource["searchInclude"] = _includes(definitions, type)
    resource["searchRevInclude"] = _revincludes(definitions, type)
    return resource


def _audit_events(searched: Iterable[SearchParameter]) -> dict[str, Any]:
    """The audit trail: written by the gateway alone, no part of the store."""
    return {
        "type": AUDIT_EVENT,
        "documentation": "Written by the gateway alone. Needs the scope gateway/admin besides; newest first.",
        "interaction": [{"code": code} for code in ("read", "search-type")],
        "versioning": "no-version",
        "searchParam": [_search_param(parameter) for parameter in searched],
    }


def _add_subscriptions(resource: dict[str, Any]) -> None:
    """As the backport guide has an R4 server tell it."""
    resource["extension"] = [{"url": TOPIC_EXTENSION, "valueCanonical": TOPIC}]
    resource["supportedProfile"] = [*resource.get("supportedProfile", ()), PROFILE]
    resource["operation"].append({"name": "status", "definition": STATUS_OPERATION})


def is_searchable(parameter: SearchParameter) -> bool:
    return (parameter.kind in READERS or bool(parameter.components)) and parameter.code not in NOT_HERE


def _includes(definitions: Definitions, type: str) -> list[str]:
    """What `_include` takes; `*` is every reference there is."""
    return [EVERY, *(f"{type}:{parameter.code}" for parameter in references(definitions, type))]


def _revincludes(definitions: Definitions, type: str) -> list[str]:
    """What `_revinclude` takes: the references of all types that may lead to this one."""
    return [
        EVERY,
        *(
            f"{source}:{parameter.code}"
            for source in sorted(definitions.served - {AUDIT_EVENT})
            for parameter in references(definitions, source)
            if type in (parameter.targets or (type,))
        ),
    ]


def _of_every_type(definitions: Definitions) -> Iterable[dict[str, str]]:
    """The parameters that every type has, and those that are no type's."""
    common = set[str].intersection(*(set(definitions.search_parameters(type)) for type in definitions.served))
    any_type = definitions.search_parameters("Patient")
    yield from (_search_param(any_type[code]) for code in sorted(common) if is_searchable(any_type[code]))
    yield from ({"name": name, "type": "special"} for name in ("_has", "_list", "_type"))


def _search_param(parameter: SearchParameter) -> dict[str, str]:
    return {"name": parameter.code, "definition": parameter.url, "type": parameter.kind}
