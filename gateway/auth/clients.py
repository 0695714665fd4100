"""Registering clients: what an organisation lets an application be, checked before it is written."""

from __future__ import annotations

import base64
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from sqlmodel import Session, select

from gateway.auth.keyset import holds_private_keys, public_keys
from gateway.auth.scopes import MAX_TEXT, rejected
from gateway.auth.secrets import Random
from gateway.auth.tables import Client
from gateway.faults import Invalid, NotFound
from gateway.upstream import UpstreamRefused, check_url

CLIENT_CREDENTIALS = "client_credentials"
AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105
GRANTS = (CLIENT_CREDENTIALS, AUTHORIZATION_CODE)
SECRETS = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's smallest Argon2id profile: the secrets are 256 random bits of our own, and each token request pays for it."""
MAX_NAME = 200
PURPOSE = re.compile(r"[A-Z]{2,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What is asked for a new client. With none of the four credentials, it gets a secret."""

    name: str
    scope: str
    secret: bool = False
    jwks: dict[str, Any] | None = None
    jwks_url: str | None = None
    public: bool = False
    redirect_uris: Sequence[str] = ()
    grants: Sequence[str] = ()
    launch_url: str | None = None
    """Where an EHR launch of it begins."""
    purposes: Sequence[str] = ()

    @property
    def effective_grants(self) -> Sequence[str]:
        if self.grants:
            return tuple(dict.fromkeys(self.grants))
        return (AUTHORIZATION_CODE,) if self.public or self.redirect_uris else (CLIENT_CREDENTIALS,)


def add_client(
    session: Session,
    org: int,
    registration: Registration,
    *,
    types: Container[str],
    allow_private: bool,
    now: int,
    random: Random,
) -> tuple[Client, str | None]:
    """The new client, flushed but not committed, and its secret, which is shown this once. `now` is in microseconds."""
    check(registration, types, allow_private=allow_private)
    asymmetric = registration.jwks is not None or registration.jwks_url is not None
    secret = None if asymmetric or registration.public else _text(random(32))
    client = Client(
        org=org,
        client_id=_text(random(16)),
        name=registration.name.strip(),
        scopes=" ".join(registration.scope.split()),
        grants=list(registration.effective_grants),
        redirect_uris=list(registration.redirect_uris),
        public=registration.public,
        secret_hash=secret and SECRETS.hash(secret),
        jwks=registration.jwks,
        jwks_url=registration.jwks_url,
        launch_url=registration.launch_url,
        purposes=" ".join(dict.fromkeys(registration.purposes)),
        created=now,
    )
    session.add(client)
    session.flush()
    return client, secret


def find_client(session: Session, org: int, client_id: str) -> Client:
    client = session.get(Client, (org, client_id))
    if client is None:
        raise NotFound("This organisation has no such client")
    return client


def list_clients(session: Session, org: int) -> Sequence[Client]:
    return session.exec(select(Client).where(Client.org == org).order_by(Client.name, Client.client_id)).all()


def disable_client(session: Session, org: int, client_id: str, *, now: int) -> Client:
    """Its tokens stop working within seconds; see verification.py."""
    client = find_client(session, org, client_id)
    client.disabled = now
    session.add(client)
    session.flush()
    return client


def check(registration: Registration, types: Container[str], *, allow_private: bool) -> None:
    _check_name(registration.name)
    check_scope(registration.scope, types)
    _check_credentials(registration, allow_private=allow_private)
    _check_grants(registration)
    for uri in registration.redirect_uris:
        _check_redirect_uri(uri)
    if registration.launch_url is not None:
        _check_redirect_uri(registration.launch_url, "launch_url")
    for purpose in registration.purposes:
        if not PURPOSE.fullmatch(purpose):
            raise Invalid("A purpose of use is a code of v3-PurposeOfUse, such as TREAT or HPAYMT", "purpose")


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise Invalid(f"A client needs a name of 1 to {MAX_NAME} printable characters", "name")


def check_scope(scope: str, types: Container[str]) -> None:
    text = " ".join(scope.split())
    if not text or len(text) > MAX_TEXT:
        raise Invalid(f"A client needs scopes, such as system/Patient.rs, of at most {MAX_TEXT} characters", "scope")
    if unknown := rejected(text, types):
        raise Invalid(
            f"No scope of this server: {unknown[0]!r}; write system/TYPE.cruds (letters in this order), "
            "system/TYPE.read, system/TYPE.write or gateway/admin",
            "scope",
        )


def _check_credentials(registration: Registration, *, allow_private: bool) -> None:
    given = (registration.secret, registration.public, registration.jwks is not None, registration.jwks_url is not None)
    if sum(given) > 1:
        raise Invalid("A client has one kind of credential: a secret, a JWKS, a JWKS URL, or none (public)", "secret")
    if registration.jwks is not None:
        _check_jwks(registration.jwks)
    if registration.jwks_url is not None:
        _check_jwks_url(registration.jwks_url, allow_private=allow_private)


def _check_jwks(document: dict[str, Any]) -> None:
    keys = public_keys(document)
    if holds_private_keys(document):
        raise Invalid("The JWKS holds private key members; register the public keys only, and replace this key", "jwks")
    if not keys:
        raise Invalid("No usable key in the JWKS: it needs an RSA (2048 bits or more) or P-384 key with a kid", "jwks")


def _check_jwks_url(url: str, *, allow_private: bool) -> None:
    try:
        check_url(url, allow_private=allow_private)
    except UpstreamRefused as refusal:
        raise Invalid(str(refusal), "jwks_url") from None


def _check_grants(registration: Registration) -> None:
    grants = registration.effective_grants
    if unknown := [grant for grant in grants if grant not in GRANTS]:
        raise Invalid(f"Unknown grant {unknown[0]!r}; known: {', '.join(GRANTS)}", "grant")
    if registration.public and CLIENT_CREDENTIALS in grants:
        raise Invalid("A public client cannot authenticate, so it cannot use client_credentials", "grant")
    if AUTHORIZATION_CODE in grants and not registration.redirect_uris:
        raise Invalid("The authorization_code grant needs a redirect URI", "redirect_uri")


def _check_redirect_uri(uri: str, place: str = "redirect_uri") -> None:
    """RFC 6749, 3.1.2 and RFC 8252, 7: absolute, no fragment; https, http on loopback, or a private-use scheme."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        raise Invalid("The redirect URI cannot be parsed", place) from None
    web = parts.scheme == "https" and host
    loopback = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")
    private_use = "." in parts.scheme
    if not (web or loopback or private_use) or "#" in uri or not uri.isascii() or not uri.isprintable() or " " in uri:
        raise Invalid(
            "The address has to be absolute, without fragment, https (or http on loopback, or an app's own scheme)",
            place,
        )


def _text(random_bytes: bytes) -> str:
    return base64.urlsafe_b64encode(random_bytes).rstrip(b"=").decode()
