"""eCW's ids on the live face. They hold `_`, which a FHIR id must not; everything else is as eCW writes it.

`_` becomes `.u`, and a `.u` that was there before becomes `.du` (`.du` becomes `.ddu`, and so on): one to one, and ids
without either stay as they are. An id that would grow beyond 64 characters is left as it is; the `_` in it shows that.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from gateway.faults import NotFound
from gateway.translation.contract import Account
from gateway.translation.rows import Resource
from translators.ecw.relative import URLS, below

LONGEST = 64
KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")
LITERAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<key>[A-Za-z0-9._-]+)")


def to_fhir_id(key: str) -> str:
    if "_" not in key and not re.search(r"\.d*u", key):
        return key
    escaped = re.sub(r"\.(d*)u", r".d\1u", key).replace("_", ".u")
    return escaped if len(escaped) <= LONGEST or "_" not in key else key


def to_key(id: str) -> str:
    """The way back; raises NotFound for what cannot be an id, before it gets into a URL."""
    if not KEY.fullmatch(id) or not id.strip("."):
        raise NotFound("No resource of eClinicalWorks can have this id")
    if "_" in id:
        return id
    return re.sub(r"\.(d*)u", lambda found: f".{found[1][1:]}u" if found[1] else "_", id)


def localised(resource: Resource, base_url: str) -> Resource:
    """A copy for our base: FHIR-safe ids, and relative references where eCW wrote whole URLs of its own."""
    copy: Resource = _with_ids(below(resource, base_url))
    return {**copy, "id": to_fhir_id(copy["id"])} if isinstance(copy.get("id"), str) else copy


def _with_ids(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _safe(value) if name in URLS else _with_ids(value) for name, value in node.items()}
    return [_with_ids(item) for item in node] if isinstance(node, list) else node


def _safe(value: Any) -> Any:
    found = LITERAL.fullmatch(value) if isinstance(value, str) else None
    return f"{found['type']}/{to_fhir_id(found['key'])}" if found else _with_ids(value)


def parameter(account: Account, kind: str, name: str, value: str) -> str:
    """A search value for eCW: ids and references in its own spelling, every alternative of a list."""
    if name != "_id" and kind != "reference":
        return value
    return ",".join(_reference(account, part) for part in value.split(","))


def _reference(account: Account, value: str) -> str:
    ours = f"{account.public_url}/fhir/r4/{account.org}/via/{account.name}/"
    written = value.removeprefix(ours)
    type, slash, id = written.rpartition("/")
    if urlsplit(written).scheme or not KEY.fullmatch(id):
        return value
    return f"{type}{slash}{to_key(id)}"
