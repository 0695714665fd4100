"""SMART backend services as eCW does them: a JWT signed RS384 by the gateway's own key buys a token of 300 seconds."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from gateway.faults import EmrNonsense, Misconfigured
from gateway.translation.contract import Account, Call, Flow, Moment, Reply, Token, send

T = TypeVar("T")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
LIFETIME = 300
"""Seconds that an assertion may be valid at most, and that a token is."""
JSON = {"Accept": "application/json"}
ABSENT = frozenset({400, 401, 403, 404, 405, 406, 410, 501})
"""What eCW answers where a practice has no such document; the other way of discovery may still work."""


def token(account: Account, scope: str, moment: Moment) -> Flow[Token]:
    url = yield from token_url(account)
    return (yield from minted(account, url, scope, moment))


def minted(account: Account, url: str, scope: str, moment: Moment) -> Flow[Token]:
    """A new one; the moment's nonce is the id of the assertion, which serves once."""
    issued = int(moment.now.timestamp())
    client = account.secrets["client_id"]
    audience = account.settings.get("audience") or url
    claims = {
        "iss": client,
        "sub": client,
        "aud": audience,
        "jti": moment.nonce,
        "iat": issued,
        "exp": issued + LIFETIME,
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": account.assertion(claims),
        "scope": scope,
    }
    reply = yield from send(Call("POST", url, form=form, headers=JSON, token=None, discovered=True))
    return _token(reply)


def _token(reply: Reply) -> Token:
    answer = reply.json()
    value = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise EmrNonsense("the authorization server of eClinicalWorks answered without an access token")
    seconds = answer.get("expires_in", LIFETIME)
    return Token(value, float(seconds) if isinstance(seconds, int | float) else LIFETIME)


def token_url(account: Account) -> Flow[str]:
    """The setting, else what the practice publishes."""
    if configured := account.settings.get("token_url"):
        return configured
    reply = yield from send(Call("GET", "/.well-known/smart-configuration", headers=JSON, token=None, accepts=ABSENT))
    found = _shaped(reply, _Configuration).token_endpoint if reply.status == 200 else None
    if not found:
        found = yield from _from_metadata()
    return _safe(account, found)


def _from_metadata() -> Flow[str | None]:
    headers = {"Accept": "application/fhir+json"}
    reply = yield from send(Call("GET", "/metadata", headers=headers, token=None, accepts=ABSENT))
    if reply.status != 200:
        return None
    security = [rest.security for rest in _shaped(reply, _Statement).rest]
    uris = [uri for part in security for found in part.extension if found.url == OAUTH_URIS for uri in found.extension]
    return next((uri.valueUri for uri in uris if uri.url == "token"), None)


class _Configuration(msgspec.Struct):
    """.well-known/smart-configuration, as far as it matters."""

    token_endpoint: str | None = None


class _Extension(msgspec.Struct):
    url: str | None = None
    valueUri: str | None = None  # noqa: N815 - FHIR's name
    extension: list[_Extension] = []


class _Security(msgspec.Struct):
    extension: list[_Extension] = []


class _Rest(msgspec.Struct):
    security: _Security = msgspec.field(default_factory=_Security)


class _Statement(msgspec.Struct):
    """The CapabilityStatement, as far as it matters."""

    rest: list[_Rest] = []


def _shaped(reply: Reply, shape: type[T]) -> T:
    try:
        return msgspec.convert(reply.json(), shape)
    except msgspec.ValidationError as error:
        raise EmrNonsense(
            "what eClinicalWorks publishes about its token endpoint has another shape than agreed"
        ) from error


def _safe(account: Account, url: Any) -> str:
    """The assertion is a credential: it travels encrypted, or to where the operator pointed."""
    if not isinstance(url, str):
        raise Misconfigured(
            "Neither /.well-known/smart-configuration nor /metadata below the base URL names a token endpoint: check "
            "the practice code at the end of the base URL, or set `token_url`"
        )
    parts, base = urlsplit(url), urlsplit(account.base_url)
    if parts.scheme != "https" and (parts.scheme, parts.netloc) != (base.scheme, base.netloc):
        raise Misconfigured("The token endpoint that eClinicalWorks publishes is not an https URL; set `token_url`")
    return url
