"""A searchset Bundle, put together from stored bytes without parsing them (bundle.html#searchset)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.faults import Issue
from gateway.interactions.exchange import encode
from gateway.interactions.nearness import distance
from gateway.outcome import operation_outcome
from gateway.search.places import Nearness
from gateway.store.contract import Stored


def searchset(
    base: str,
    matches: Sequence[Stored],
    included: Iterable[Stored],
    total: int | None,
    links: Mapping[str, str],
    issues: tuple[Issue, ...] = (),
    near: tuple[Nearness, ...] = (),
) -> bytes:
    entries = [_entry(base, stored, b"match", distance(near, stored)) for stored in matches]
    entries += [_entry(base, stored, b"include") for stored in included]
    if issues:
        outcome = encode(operation_outcome(issues))
        entries.append(b'{"resource":' + outcome + b',"search":{"mode":"outcome"}}')
    link = encode([{"relation": relation, "url": url} for relation, url in links.items()])
    parts = [b'{"resourceType":"Bundle","type":"searchset"']
    if total is not None:
        parts.append(b',"total":%d' % total)
    parts.append(b',"link":' + link)
    if entries:
        parts.append(b',"entry":[' + b",".join(entries) + b"]")
    parts.append(b"}")
    return b"".join(parts)


def _entry(base: str, stored: Stored, mode: bytes, besides: bytes = b"") -> bytes:
    url = encode(f"{base}/{stored.type}/{stored.id}")
    return b'{"fullUrl":' + url + b',"resource":' + stored.body + b',"search":{' + besides + b'"mode":"' + mode + b'"}}'
