"""How a Subscription wants to be told: its rest-hook channel, checked to the last element.

R4 subscription.html#channels, and of the backport guide the extensions for content, heartbeat, timeout and batching.
What this server would not honour is refused rather than kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.contract import Resource
from gateway.faults import Invalid, NotSupported
from gateway.formats import FHIR_JSON, FHIR_XML
from gateway.subscriptions.names import CONTENT, HEARTBEAT, MAX_COUNT, SECRET, TIMEOUT, channel_of, extensions
from gateway.upstream import UpstreamRefused, check_url

CHANNEL = "Subscription.channel"
EMPTY, ID_ONLY, FULL = "empty", "id-only", "full-resource"
CONTENTS = (EMPTY, ID_ONLY, FULL)
MIME_TYPES = (FHIR_JSON, "application/json", FHIR_XML)
LIMITS: Mapping[str, tuple[int, int]] = {HEARTBEAT: (1, 86_400), TIMEOUT: (1, 60), MAX_COUNT: (1, 100)}
DEFAULT_TIMEOUT, DEFAULT_MAX_COUNT = 20, 1
MAX_ENDPOINT, MAX_HEADERS, MAX_HEADER = 2048, 20, 4096
HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*(?P<value>[!-~](?:[ \t!-~]*[!-~])?)", re.ASCII)
OURS = frozenset(
    (
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host"),
        *("keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"),
        *("x-crosswalk-signature", "x-request-id"),
    )
)
"""Headers that this server sets itself, or that steer the connection."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A rest-hook as it will be used."""

    endpoint: str
    content: str
    mime: str
    heartbeat: int | None
    timeout: int
    max_count: int
    headers: tuple[tuple[str, str], ...]


def read_channel(resource: Resource, *, allow_private: bool) -> Channel:
    """Raises a ClientFault that names the element."""
    channel = channel_of(resource)
    if channel.get("type") != "rest-hook":
        raise NotSupported("This server has rest-hook channels only", f"{CHANNEL}.type")
    if extensions(channel.get("_type")):
        raise NotSupported("No extension of a channel's type is known here", f"{CHANNEL}.type.extension")
    numbers = _numbers(channel)
    return Channel(
        _endpoint(channel, allow_private=allow_private),
        *_payload(channel),
        numbers.get(HEARTBEAT),
        numbers.get(TIMEOUT, DEFAULT_TIMEOUT),
        numbers.get(MAX_COUNT, DEFAULT_MAX_COUNT),
        _headers(channel),
    )


def _endpoint(channel: dict[str, Any], *, allow_private: bool) -> str:
    endpoint = channel.get("endpoint")
    place = f"{CHANNEL}.endpoint"
    if not isinstance(endpoint, str) or len(endpoint) > MAX_ENDPOINT or not endpoint.isascii():
        raise Invalid(f"A rest-hook needs an endpoint: an https URL of at most {MAX_ENDPOINT} characters", place)
    try:
        check_url(endpoint, allow_private=allow_private)
    except UpstreamRefused as refusal:
        raise Invalid(str(refusal), place) from None
    return endpoint


def _payload(channel: dict[str, Any]) -> tuple[str, str]:
    """(content, MIME type). Plain R4: no payload is an empty one, and a MIME type asks for the resource."""
    mime = channel.get("payload")
    if mime is not None and mime not in MIME_TYPES:
        raise NotSupported(f"A payload is one of {', '.join(MIME_TYPES)}", f"{CHANNEL}.payload")
    content = FULL if mime else EMPTY
    for at, extension in enumerate(extensions(channel.get("_payload"))):
        place = f"{CHANNEL}.payload.extension[{at}]"
        if extension.get("url") != CONTENT or at:
            raise NotSupported(f"A payload takes one extension, {CONTENT}", place)
        content = extension.get("valueCode", "")
        if content not in CONTENTS:
            raise NotSupported(f"The content is one of {', '.join(CONTENTS)}", place)
    if content != EMPTY and mime is None:
        raise Invalid(f"Name the MIME type of the payload, such as {FHIR_JSON}", f"{CHANNEL}.payload")
    return content, mime or FHIR_JSON


def _numbers(channel: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, extension in enumerate(extensions(channel)):
        url, place = str(extension.get("url")), f"{CHANNEL}.extension[{at}]"
        if url == SECRET:
            continue
        if url not in LIMITS or url in found:
            raise NotSupported("This extension of a channel is unknown here, or stands twice; leave it out", place)
        value = extension.get("valueUnsignedInt", extension.get("valuePositiveInt"))
        least, most = LIMITS[url]
        if not isinstance(value, int) or not least <= value <= most:
            raise NotSupported(f"This server takes {least} to {most} here", place)
        found[url] = value
    return found


def _headers(channel: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    listed = channel.get("header", [])
    if len(listed) > MAX_HEADERS:
        raise Invalid(f"Send at most {MAX_HEADERS} headers", f"{CHANNEL}.header")
    return tuple(_header(text, f"{CHANNEL}.header[{at}]") for at, text in enumerate(listed))


def _header(text: str, place: str) -> tuple[str, str]:
    found = HEADER.fullmatch(text) if len(text) <= MAX_HEADER else None
    if found is None:
        raise Invalid("Write a header as `Name: value`, in visible ASCII characters", place)
    if found["name"].lower() in OURS:
        raise NotSupported("This server sets that header itself; leave it out", place)
    return found["name"], found["value"]
