"""A row that KIPU needs beside `Field`: KIPU's keys of parties."""

from __future__ import annotations

from gateway.translation import path
from gateway.translation.codec import Unreadable
from gateway.translation.rows import Bindings, Pair, Record, Resource
from translators.kipu.terms import KEY


def key_of(vendor: str, fhir: str) -> Pair:
    """KIPU's key of a person or place ↔ the connection's own identifier in a Reference; foreign identifiers stay."""
    steps = path.parse(fhir)

    def decode(record: Record, resource: Resource, bindings: Bindings) -> None:
        key = record.get(vendor)
        if key not in path.EMPTY:
            path.place(resource, steps, {"system": bindings.constants["id"], "value": KEY.decode(key)})

    def encode(resource: Resource, record: Record, bindings: Bindings) -> None:
        identifier = path.get(resource, steps)
        if identifier is None:
            return
        if identifier.get("system") != bindings.constants["id"]:
            raise Unreadable("expected an identifier that this connection owns")
        record[vendor] = KEY.encode(identifier.get("value"))

    return Pair((vendor,), (fhir,), decode, encode)
