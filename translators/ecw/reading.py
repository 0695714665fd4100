"""Reading and searching as flows of the plugin contract, which answer resources; /via/ passes bytes (live.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from gateway.faults import EmrNonsense, Gone, NotFound, NotSupported
from gateway.translation.contract import Account, Call, Flow, Found, send
from gateway.translation.lens import Interaction
from gateway.translation.rows import Resource
from translators.ecw import scopes
from translators.ecw.capabilities import CAPABILITIES, Capability
from translators.ecw.relative import below
from translators.ecw.searchset import entries, next_query

HEADERS = {"Accept": "application/fhir+json"}
KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")


def read(account: Account, type: str, id: str) -> Flow[Resource]:
    _declared(type, Interaction.READ)
    if not KEY.fullmatch(id) or not id.strip("."):
        raise NotFound("No resource of eClinicalWorks can have this id")
    accepts = frozenset({404, 410})
    scope = scopes.reading(account, type)
    reply = yield from send(Call("GET", f"/{type}/{id}", headers=HEADERS, token=scope, accepts=accepts))
    if reply.status in accepts:
        raise (Gone if reply.status == 410 else NotFound)(f"eClinicalWorks has no {type} with this id")
    resource = reply.json()
    if not isinstance(resource, dict) or resource.get("resourceType") != type:
        raise EmrNonsense(f"eClinicalWorks answered the reading of a {type} with something else")
    found: Resource = below(resource, account.base_url)
    return found


def search(account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
    declared = _declared(type, Interaction.SEARCH)
    _refuse_undeclared(type, declared, params)
    query = tuple(params)
    reply = yield from send(Call("GET", f"/{type}", query, headers=HEADERS, token=scopes.reading(account, type)))
    bundle = reply.json()
    found = [below(resource, account.base_url) for resource in entries(bundle)]
    total, following = bundle.get("total"), next_query(bundle)
    return Found(
        tuple(resource for resource in found if resource.get("resourceType") != "OperationOutcome"),
        urlencode(following) if following and sorted(following) != sorted(query) else None,
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
