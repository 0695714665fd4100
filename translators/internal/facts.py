"""The rows that every table of this API needs: extensions of our own, related entities, the key, the soft deletion."""

from __future__ import annotations

from collections.abc import Callable

from gateway.canonical import extension_url
from gateway.translation.codec import INSTANT, TEXT, Codec
from gateway.translation.rows import Bindings, Field, Way
from translators.internal.vocabulary import reference


def own(
    vendor: str, name: str, value: str, codec: Codec | Callable[[Bindings], Codec] = TEXT, way: Way = Way.BOTH
) -> Field:
    """A fact without a standard home: an extension of our own."""
    return Field(vendor, f"extension[url={extension_url(name)}].{value}", codec, way)


def related(vendor: str, place: str, type: str) -> tuple[Field, Field]:
    """A related entity of the API, `{id, name}`, as a Reference."""
    return (
        Field(f"{vendor}.id", f"{place}.reference", reference(type)),
        Field(f"{vendor}.name", f"{place}.display"),
    )


def related_own(vendor: str, name: str, type: str) -> tuple[Field, Field]:
    return related(vendor, f"extension[url={extension_url(name)}].valueReference", type)


ID = Field("id", "identifier[system=$id].value", way=Way.READ)
"""The key that another deployment of the API has given; where the store serves the API, it is the resource's own id."""
DELETED_AT = own("deleted_at", "archived-at", "valueDateTime", INSTANT)
