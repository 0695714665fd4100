"""Entries of a log: resources that say of themselves, by the extension `append-only`, that they stay as they are.

Whoever writes one decides that for good: no client changes or deletes it by any interaction, nor takes the mark away,
as that would be a change of its content. Labels and tags are of our copy and may change. Why and for what:
docs/decisions/2611-append-only.md.
"""

from __future__ import annotations

from typing import Any

from gateway.canonical import extension_url
from gateway.definitions.contract import Resource
from gateway.faults import Unprocessable
from gateway.store import document
from gateway.store.contract import Stored

APPEND_ONLY = extension_url("append-only")
_MARK = APPEND_ONLY.encode()


def check_stays(stored: Stored, resource: Resource | None) -> None:
    """`resource` is what is to take its place; None: it is to be deleted."""
    if _MARK not in stored.body:
        return
    kept = document.decode(stored.body)
    if not is_entry(kept) or (resource is not None and _content(resource) == _content(kept)):
        return
    raise Unprocessable(
        f"This {stored.type} is an entry of an append-only log and is neither changed nor deleted; add another entry "
        "that says what is right",
        f"{stored.type}.extension",
    )


def is_entry(resource: Resource) -> bool:
    extensions = resource.get("extension", ())
    return any(each.get("url") == APPEND_ONLY and each.get("valueBoolean") is True for each in extensions)


def _content(resource: Resource) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "meta"}
