"""A resource as the exact bytes that clients get back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gateway.definitions.contract import Resource
from gateway.digits import as_written, decimal
from gateway.faults import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STORE_OWNED = ("versionId", "lastUpdated")

encoder = msgspec.json.Encoder(enc_hook=as_written, decimal_format="number")
canonical_encoder = msgspec.json.Encoder(enc_hook=as_written, decimal_format="number", order="deterministic")
decoder = msgspec.json.Decoder(float_hook=decimal)


def instant(microseconds: int) -> str:
    moment = EPOCH + timedelta(microseconds=microseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}Z"


def stamped(resource: Resource, version: int, updated: int) -> Resource:
    """A copy in the order resourceType, id, meta and then as sent; the caller's resource stays as it is."""
    meta = resource.get("meta") or {}
    if not isinstance(meta, dict):
        raise Invalid("Make `meta` an object.", f"{resource['resourceType']}.meta")
    own = {"versionId": str(version), "lastUpdated": instant(updated)}
    head = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": own | without(meta, STORE_OWNED)}
    return head | without(resource, tuple(head))


def without(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name not in names}


def encode(resource: Resource) -> bytes:
    return encoder.encode(resource)


def decode(body: bytes) -> Resource:
    resource: Resource = decoder.decode(body)
    return resource


def same_content(body: bytes, other: bytes) -> bool:
    """Equal but for the order of keys; 1.0 and 1.00 are different."""
    return body == other or canonical_encoder.encode(decode(body)) == canonical_encoder.encode(decode(other))
