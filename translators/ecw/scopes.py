"""Which scopes a call needs. For one scope that was not granted eCW refuses the whole token: each need asks its own.

`system/Group.read` has to be in bulk requests and must not be in others; it is never in the sets made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.faults import Misconfigured
from gateway.translation.contract import Account
from translators.ecw.capabilities import CAPABILITIES

DEFAULT = (
    "system/Patient.read system/Patient.c system/Patient.u system/Encounter.read system/Coverage.r "
    "system/Location.read system/Practitioner.read system/Organization.read"
)
ANY_READ = "system/*.r"
GROUP = "system/Group.read"
SCOPE = re.compile(r"system/(?P<type>[A-Za-z]+|\*)\.(?P<permission>[a-z*]+)(?:\?.*)?")
READS, WRITES = frozenset("rs"), frozenset("cu")
WORDS = {"read": "rs", "write": "cud", "create": "c", "update": "u", "delete": "d", "search": "s", "*": "cruds"}
"""SMART v1 says words, v2 the letters of `cruds` in this order; eCW advertises both, and spellings of its own."""


def reading(account: Account, type: str = "Patient") -> str:
    """The scopes for reading, one set for all types that the connection registered."""
    if type == "Group":
        return GROUP
    registered = [scope for scope in _registered(account) if _is(scope, READS) and _type(scope) != "Group"]
    if any(_type(scope) in (type, "*") for scope in registered):
        return " ".join(registered)
    if account.settings.get("scope"):
        raise Misconfigured(
            f"The setting `scope` of this connection has no read scope for {type}: register system/{type}.read with "
            "eClinicalWorks, then add it to the setting"
        )
    capability = CAPABILITIES.get(type)
    return (capability.scope if capability else None) or ANY_READ


def bulk(account: Account, types: Iterable[str]) -> str:
    """The scopes of a Group export: its own, and those for reading what is exported."""
    if account.settings.get("scope") and GROUP not in _registered(account):
        raise Misconfigured(
            f"The setting `scope` of this connection lacks {GROUP}, which a Group export needs: register it with "
            "eClinicalWorks and add it, or leave the setting `group` empty"
        )
    wanted = {*types}
    reads = [s for s in _registered(account) if _is(s, READS) and (_type(s) in wanted or _type(s) == "*")]
    return " ".join(sorted({*reads, GROUP}))


def writing(account: Account) -> str:
    """The scopes for creating and updating a Patient, and for finding it first."""
    mine = [scope for scope in _registered(account) if _type(scope) == "Patient"]
    if not any(_is(scope, WRITES) for scope in mine):
        raise Misconfigured(
            "The setting `scope` of this connection has no write scope for Patient: register system/Patient.c and "
            "system/Patient.u with eClinicalWorks and add them, or switch pushing off"
        )
    return " ".join(scope for scope in mine if _is(scope, READS | WRITES))


def reads(account: Account, type: str) -> bool:
    """Whether the connection's scopes say that it may read such resources."""
    return any(_is(scope, READS) and _type(scope) in (type, "*") for scope in _registered(account))


def unknown(account: Account) -> list[str]:
    """Words of the setting that are no scopes of a system."""
    return [scope for scope in _registered(account) if not _is(scope, frozenset("cruds"))]


def _registered(account: Account) -> list[str]:
    return sorted(set((account.settings.get("scope") or DEFAULT).split()))


def _type(scope: str) -> str:
    found = SCOPE.fullmatch(scope)
    return found["type"] if found else ""


def _is(scope: str, permissions: frozenset[str]) -> bool:
    """Whether it grants any of these."""
    found = SCOPE.fullmatch(scope)
    return found is not None and bool(permissions & set(_letters(found["permission"])))


def _letters(permission: str) -> str:
    letters = WORDS.get(permission, permission)
    return letters if re.fullmatch("c?r?u?d?s?", letters) else ""
