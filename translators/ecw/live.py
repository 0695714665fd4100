"""The live face: which requests pass to eCW, and the calls that they become.

Ids and references stay as eCW writes them: it holds `_` in ids, which FHIR does not allow, and knows no others.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.translation.contract import Account, Call
from gateway.translation.passing import Passable, Query
from translators.ecw import scopes
from translators.ecw.capabilities import CAPABILITIES

GROUP = "Group"
EXPORT = (
    "Bulk export works with jobs and files that eClinicalWorks keeps for its own clients: pull the connection and use "
    "$export of the organisation's base"
)
NO_PARAMETERS = "It declares no definition of this operation that could be passed"


PASSABLE: Mapping[str, Passable] = {
    type: Passable(
        declared.reading,
        declared.search,
        frozenset(declared.include),
        frozenset(declared.revinclude),
        frozenset(declared.operations),
    )
    for type, declared in CAPABILITIES.items()
}
BY_DEFAULT = {type: found for type, found in PASSABLE.items() if type != GROUP}
"""A Group is for bulk requests: it passes where the connection's scopes name it."""


def passable(account: Account) -> Mapping[str, Passable]:
    if not account.settings.get("scope"):
        return BY_DEFAULT
    return {type: found for type, found in PASSABLE.items() if _reaches(account, type)}


def passing(account: Account, type: str, path: str, query: Query, accept: str) -> Call:
    return Call("GET", path, query, headers={"Accept": accept}, token=scopes.reading(account, type))


def statement(account: Account) -> Call:
    return Call("GET", "/metadata", headers={"Accept": "application/fhir+json"}, token=None)


def not_passed(operation: str) -> str:
    return EXPORT if operation == "export" else NO_PARAMETERS


def _reaches(account: Account, type: str) -> bool:
    named = account.settings["scope"].split()
    is_named = type != GROUP or any(scope.startswith("system/Group.") for scope in named)
    return is_named and scopes.reads(account, type)
