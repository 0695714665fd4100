"""What clients may do with definitions: write their own, which are stored and take no effect, and leave ours alone.

Our definitions under `[base]/StructureDefinition` and its like are what is enforced, and have to stay that
(docs/decisions/2611-own-definitions-live-in-each-organisation.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from gateway.definitions.contract import Resource
from gateway.definitions.own import own_definitions
from gateway.faults import Unprocessable

OURS = "This definition is the server's own; leave it as it is, and give yours an id and a url of its own"
STORED_ONLY: Mapping[str, str] = MappingProxyType(
    {
        "StructureDefinition": "Definitions that clients write are stored, served and searched, and change nothing in "
        "what is enforced: the profiles that are, stand under supportedProfile of their types.",
        "SearchParameter": "Definitions that clients write are stored, served and searched, and change nothing in "
        "what can be searched by: the parameters that can, stand under searchParam of their types.",
    }
)
"""Type → what /metadata says of it."""


@cache
def by_id() -> Mapping[tuple[str, str], Resource]:
    return {(definition["resourceType"], definition["id"]): definition for definition in own_definitions()}


@cache
def urls() -> Mapping[tuple[str, str], str]:
    """Type and url → id."""
    return {(type, own["url"]): id for (type, id), own in by_id().items() if "url" in own}


def check_write(resource: Resource) -> None:
    """Raises Unprocessable where it would change one of ours, or stand beside it under the same url."""
    type, id = resource["resourceType"], resource["id"]
    own = by_id().get((type, id))
    if own is not None and content(resource) != content(own):
        raise Unprocessable(OURS, f"{type}.id")
    url = resource.get("url")
    if isinstance(url, str) and urls().get((type, url), id) != id:
        raise Unprocessable(OURS, f"{type}.url")


def check_delete(type: str, id: str) -> None:
    """Raises Unprocessable."""
    if (type, id) in by_id():
        raise Unprocessable(OURS, f"{type}.id")


def content(resource: Resource) -> Resource:
    """An import of what was exported changes nothing."""
    return {name: value for name, value in resource.items() if name != "meta"}
