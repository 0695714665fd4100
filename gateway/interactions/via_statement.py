"""The CapabilityStatement of a connection that passes requests through: the EMR's own, less what does not pass.

What is theirs stays in their words: profiles, documentation, extensions. What is about writing, other ways of asking,
and their authorization server is taken out, and what is ours put in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway import __released__, __version__
from gateway.auth.authority import Realm
from gateway.formats import FHIR_JSON, FHIR_XML
from gateway.interactions.capabilities import smart_security
from gateway.interactions.exchange import encode
from gateway.translation.addresses import addresses
from gateway.translation.contract import Account
from gateway.translation.passing import Passable, Passing

Element = dict[str, Any]
NOT_OURS = frozenset({"text", "instantiates", "imports", "messaging", "document", "patchFormat", "_format"})
"""Of the statement: it tells of more than passes."""
NOT_PASSED = frozenset(
    {"versioning", "readHistory", "updateCreate", "conditionalCreate", "conditionalRead", "conditionalUpdate",
     "conditionalDelete"}
)  # fmt: skip
"""Of a resource."""
OF_SERVERS = frozenset({"interaction", "operation", "searchParam", "security", "resource"})


def passed_statement(theirs: Element | None, passing: Passing, account: Account, realm: Realm) -> bytes:
    """`theirs` is None while the EMR has never told: then it is made of the declaration."""
    url = f"{realm.fhir_base}/via/{account.name}"
    declared = passing.passable(account)
    kept = {name: value for name, value in (theirs or _plain()).items() if name not in NOT_OURS}
    rest = _server(theirs) if theirs else {}
    listed = _listed(rest) if theirs else _declared(declared)
    resources = [made for each in listed if (made := _resource(each, declared)) is not None]
    statement = {
        **kept,
        "url": f"{url}/metadata",
        "kind": "instance",
        "software": {"name": "Crosswalk", "version": __version__, "releaseDate": __released__},
        "implementation": {"description": f"{passing.title}, live through Crosswalk", "url": url},
        "format": [FHIR_JSON, "json", FHIR_XML, "xml"],
        "rest": [
            {
                **{name: value for name, value in rest.items() if name not in OF_SERVERS},
                "mode": "server",
                "security": smart_security(realm),
                "resource": resources,
            }
        ],
    }
    return addresses(account.base_url, url).to_ours(encode(statement))


def _plain() -> Element:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": __released__,
        "fhirVersion": "4.0.1",
    }


def _server(statement: Element) -> Element:
    found = (each for each in _objects(statement.get("rest")) if each.get("mode") == "server")
    return next(found, {})


def _listed(rest: Element) -> list[Element]:
    return _objects(rest.get("resource"))


def _objects(value: Any) -> list[Element]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _declared(declared: Mapping[str, Passable]) -> list[Element]:
    """In the shape of a statement."""
    return [
        {
            "type": type,
            "interaction": [{"code": code} for code in sorted(each.value for each in found.interactions)],
            "searchInclude": sorted(found.includes),
            "searchRevInclude": sorted(found.revincludes),
            "searchParam": [{"name": name, "type": kind} for name, kind in sorted(found.search.items())],
            "operation": [
                {"name": name, "definition": f"http://hl7.org/fhir/OperationDefinition/{type}-{name}"}
                for name in sorted(found.operations)
            ],
        }
        for type, found in sorted(declared.items())
    ]


def _resource(theirs: Element, declared: Mapping[str, Passable]) -> Element | None:
    found = declared.get(theirs.get("type", ""))
    if found is None:
        return None
    codes = {each.value for each in found.interactions}
    parts: dict[str, Iterable[Any]] = {
        "interaction": [each for each in _objects(theirs.get("interaction")) if each.get("code") in codes],
        "searchInclude": [each for each in theirs.get("searchInclude") or () if each in found.includes],
        "searchRevInclude": [each for each in theirs.get("searchRevInclude") or () if each in found.revincludes],
        "searchParam": [each for each in _objects(theirs.get("searchParam")) if each.get("name") in found.search],
        "operation": [each for each in _objects(theirs.get("operation")) if each.get("name") in found.operations],
    }
    if not parts["interaction"]:
        return None
    made = {name: parts.get(name, value) for name, value in theirs.items() if name not in NOT_PASSED}
    return {name: value for name, value in made.items() if name not in parts or value}
