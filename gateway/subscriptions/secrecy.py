"""The secret that signs deliveries and the values of the channel's headers: sealed here, masked in the resource.

The store never holds them, so no read, history, search, Bundle or export can show them. Who sends the mask back, as
a client does that reads a Subscription, changes something and writes it, keeps what was there.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.auth.secrets import Random, SecretBox
from gateway.definitions.contract import Resource
from gateway.faults import Invalid
from gateway.subscriptions.channel import CHANNEL
from gateway.subscriptions.names import SECRET, channel_of, extensions

MASK = "***"
SECRET_PURPOSE, HEADERS_PURPOSE = "webhook-secret", "webhook-headers"
SHORTEST, LONGEST = 16, 512
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a Subscription keeps to itself."""

    secret: str
    headers: Headers

    def __repr__(self) -> str:
        return "Kept(…)"


class Secrecy:
    """Seals and opens them. A sealed value opens only for the Subscription that it was sealed for."""

    def __init__(self, box: SecretBox, random: Random) -> None:
        self._box = box
        self._random = random

    def sealed(self, kept: Kept, org: int, id: str) -> tuple[str, str]:
        about = f"{org}/{id}"
        headers = msgspec.json.encode(kept.headers)
        secret = self._box.seal(SECRET_PURPOSE, kept.secret.encode(), about)
        return secret, self._box.seal(HEADERS_PURPOSE, headers, about)

    def opened(self, secret: str, headers: str, org: int, id: str) -> Kept:
        about = f"{org}/{id}"
        pairs = msgspec.json.decode(self._box.open(HEADERS_PURPOSE, headers, about), type=list[tuple[str, str]])
        return Kept(self._box.open(SECRET_PURPOSE, secret, about).decode(), tuple(pairs))

    def kept(self, resource: Resource, headers: Headers, before: Kept | None) -> Kept:
        """What the resource says, with what was there where it says a mask or no secret. Raises Invalid."""
        secret = given_secret(resource)
        if secret in (None, MASK) and before is not None:
            secret = before.secret
        elif secret == MASK:
            raise Invalid(
                "This is the mask of a secret; write a secret, or none to be given one", f"{CHANNEL}.extension"
            )
        return Kept(secret or self.made(), _unmasked(headers, dict(before.headers) if before else {}))

    def made(self) -> str:
        return base64.urlsafe_b64encode(self._random(32)).rstrip(b"=").decode()


def given_secret(resource: Resource) -> str | None:
    """The one that a client wrote. Raises Invalid."""
    found = [each.get("valueString") for each in extensions(channel_of(resource)) if each.get("url") == SECRET]
    place = f"{CHANNEL}.extension"
    if len(found) > 1:
        raise Invalid("Write one secret", place)
    if not found or found[0] == MASK:
        return found[0] if found else None
    if not isinstance(found[0], str) or not SHORTEST <= len(found[0]) <= LONGEST:
        raise Invalid(f"A secret is a valueString of {SHORTEST} to {LONGEST} characters", place)
    return found[0]


def _unmasked(headers: Headers, before: dict[str, str]) -> Headers:
    for at, (name, value) in enumerate(headers):
        if value == MASK and name not in before:
            raise Invalid("This is the mask of a header's value; write the value", f"{CHANNEL}.header[{at}]")
    return tuple((name, before[name] if value == MASK else value) for name, value in headers)


def with_secret(resource: Resource, secret: str) -> Resource:
    """A copy whose channel says that secret."""
    channel = channel_of(resource)
    others = [each for each in extensions(channel) if each.get("url") != SECRET]
    said: list[dict[str, Any]] = [*others, {"url": SECRET, "valueString": secret}]
    return {**resource, "channel": {**channel, "extension": said}}


def masked(resource: Resource, kept: Kept) -> Resource:
    """A copy without what is kept."""
    resource = with_secret(resource, MASK)
    if not kept.headers:
        return resource
    header = [f"{name}: {MASK}" for name, _ in kept.headers]
    return {**resource, "channel": {**resource["channel"], "header": header}}
