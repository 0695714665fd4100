"""The catalogues that the API has lists of: alert, field and tag definitions, read once at the beginning of a pull."""

from __future__ import annotations

from gateway.translation.contract import Account, Flow, Part, Pulled
from gateway.translation.lens import ResourceMap
from translators.internal.definition import ALERT_DEFINITION, FIELD_DEFINITION, TAG_DEFINITION
from translators.internal.lists import below, whole_lists

CATALOGUES: dict[str, ResourceMap] = {
    "patient-alert-definitions": ALERT_DEFINITION,
    "patient-field-definitions": FIELD_DEFINITION,
    "patient-tag-definitions": TAG_DEFINITION,
}


def definitions(account: Account, types: frozenset[str]) -> Flow[tuple[Pulled, ...]]:
    """An entry that was archived there stays here as it was: the lists no longer show it, and records refer to it."""
    if types and "Basic" not in types:
        return ()
    found = yield from whole_lists([below(account, name) for name in CATALOGUES])
    parts = tuple(
        Part(table.bound(account.bindings), row["id"], row)
        for table, rows in zip(CATALOGUES.values(), found, strict=True)
        for row in rows or ()
    )
    return (Pulled(None, parts),) if parts else ()
