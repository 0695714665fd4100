"""The live face: reading and searching in eCW itself. What it does not declare is refused before it costs a call."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from gateway.faults import EmrNonsense, Gone, NotFound, NotSupported
from gateway.translation.contract import Account, Call, Flow, Found, send
from gateway.translation.lens import Interaction
from gateway.translation.rows import Resource
from translators.ecw import scopes
from translators.ecw.capabilities import CAPABILITIES, Capability
from translators.ecw.ids import localised, parameter, to_fhir_id, to_key
from translators.ecw.searchset import entries, next_query

HEADERS = {"Accept": "application/fhir+json"}


def read(account: Account, type: str, id: str) -> Flow[Resource]:
    _declared(type, Interaction.READ)
    accepts = frozenset({404, 410})
    scope = scopes.reading(account, type)
    reply = yield from send(Call("GET", f"/{type}/{to_key(id)}", headers=HEADERS, token=scope, accepts=accepts))
    if reply.status in accepts:
        raise (Gone if reply.status == 410 else NotFound)(f"eClinicalWorks has no {type} with this id")
    resource = reply.json()
    if not isinstance(resource, dict) or resource.get("resourceType") != type:
        raise EmrNonsense(f"eClinicalWorks answered the reading of a {type} with something else")
    return localised(resource, account.base_url)


def search(account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
    declared = _declared(type, Interaction.SEARCH)
    _refuse_undeclared(type, declared, params)
    query = tuple((name, parameter(account, declared.search[name], name, value)) for name, value in params)
    reply = yield from send(Call("GET", f"/{type}", query, headers=HEADERS, token=scopes.reading(account, type)))
    bundle = reply.json()
    found = [localised(resource, account.base_url) for resource in entries(bundle)]
    total = bundle.get("total")
    return Found(
        tuple(resource for resource in found if resource.get("resourceType") != "OperationOutcome"),
        _next(declared, query, next_query(bundle)),
        total if isinstance(total, int) else None,
        tuple(resource for resource in found if resource.get("resourceType") == "OperationOutcome"),
    )


def _declared(type: str, interaction: Interaction) -> Capability:
    declared = CAPABILITIES.get(type)
    if declared is None or interaction not in declared.reading:
        able = sorted(name for name, capability in CAPABILITIES.items() if interaction in capability.reading)
        raise NotSupported(f"eClinicalWorks offers no {interaction.value} of {type}; it does for {', '.join(able)}")
    return declared


def _refuse_undeclared(type: str, declared: Capability, params: Sequence[tuple[str, str]]) -> None:
    unknown = sorted({name for name, _ in params if name not in declared.search})
    if unknown:
        raise NotSupported(
            f"eClinicalWorks does not support searching {type} by {', '.join(unknown)}; "
            f"it declares {', '.join(sorted(declared.search)) or 'no parameter'}",
            *unknown,
        )


def _next(
    declared: Capability, sent: tuple[tuple[str, str], ...], following: tuple[tuple[str, str], ...] | None
) -> str | None:
    """The query of the next page for our own link; a link that repeats the page at hand is none."""
    if not following or sorted(following) == sorted(sent):
        return None
    return urlencode([(name, _ours(declared, name, value)) for name, value in following])


def _ours(declared: Capability, name: str, value: str) -> str:
    if name != "_id" and declared.search.get(name) != "reference":
        return value
    parts = (part.rpartition("/") for part in value.split(","))
    return ",".join(f"{type}{slash}{to_fhir_id(key)}" for type, slash, key in parts)
