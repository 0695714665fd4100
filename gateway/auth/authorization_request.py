"""What an application asks of a user, judged before anybody is asked (RFC 6749, 4.1.1; SMART App Launch 2.2).

Client and redirect URI come first: until both are known to be good, nothing is sent to that URI. What was judged goes
with the browser from page to page as a sealed text, so that nothing is kept of requests that nobody answers, and no
page can be given another request than the one that was judged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from sqlmodel import Session

from gateway.auth import launches
from gateway.auth.keys import MICROSECONDS
from gateway.auth.scopes import Scopes
from gateway.faults import Malformed, Misconfigured

if TYPE_CHECKING:
    from gateway.auth.authority import Auth, Realm

PURPOSE = "authorization-request"
LIFETIME_US = 30 * 60 * MICROSECONDS
S256 = "S256"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""Base64url of 32 bytes."""
MAX_VALUE = 2_048
MAX_SCOPE = 8_192
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
UNSUPPORTED = {"request": "request_not_supported", "request_uri": "request_uri_not_supported"}


class Asked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An authorization request that may be put to a user."""

    client_id: str
    redirect_uri: str
    scope: str
    """Requested and registered."""
    state: str
    code_challenge: str
    issued: int
    nonce: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str = ""
    launch: str | None = None
    """The digest of the launch that it comes from."""
    email: str | None = None
    """The only user that the launch is for."""
    patient: str | None = None
    encounter: str | None = None
    context: dict[str, Any] = {}


@dataclass(eq=False)
class Declined(Exception):
    """The request is not put to a user; told to the application where it is known, else to the person."""

    error: str
    description: str
    redirect_uri: str | None = None
    state: str | None = None


class AuthorizationRequest(OAuth2Request):  # type: ignore[misc]
    """The request in authlib's terms."""

    def __init__(self, realm: Realm, params: dict[str, str]) -> None:
        # authlib refuses http; see token_request.py.
        super().__init__("GET", f"https://gateway.invalid{realm.path}/authorize")
        self.payload = BasicOAuth2Payload(params)


class ProofKey(CodeChallenge):  # type: ignore[misc]
    """PKCE (RFC 7636), demanded of every client, S256 alone."""

    DEFAULT_CODE_CHALLENGE_METHOD = S256
    SUPPORTED_CODE_CHALLENGE_METHOD = (S256,)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if data.get("code_challenge_method") != S256 or not CHALLENGE.fullmatch(data.get("code_challenge", "")):
            raise InvalidRequestError("PKCE is required: send code_challenge with code_challenge_method=S256.")

    def get_authorization_code_challenge_method(self, authorization_code: Any) -> str:
        return S256


class SmartParameters:
    """The parameters that SMART and OpenID Connect add; an extension of authlib's grant."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self.check)

    def check(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if data.get("aud", "").rstrip("/") != self._realm.fhir_base:
            raise InvalidRequestError(f"The aud must be {self._realm.fhir_base}")
        if not data.get("state"):
            raise InvalidRequestError("The parameter state is missing.")
        if any(len(value) > MAX_VALUE for name, value in data.items() if name != "scope"):
            raise InvalidRequestError("A parameter is too long.")
        if data.get("response_mode", "query") != "query":
            raise InvalidRequestError("The only response_mode is query.")
        if unsupported := sorted(UNSUPPORTED.keys() & data.keys()):
            raise OAuth2Error(error=UNSUPPORTED[unsupported[0]], description="Send the parameters themselves.")
        _check_asking(data)
        grant.request.scope = grant.request.client.get_delegable_scope(data.get("scope", ""))
        if not grant.request.scope:
            raise InvalidScopeError("None of the requested scopes is registered for this client.")


def _check_asking(data: dict[str, str]) -> None:
    prompt = frozenset(data.get("prompt", "").split())
    if not prompt <= PROMPTS or (len(prompt) > 1 and "none" in prompt):
        raise InvalidRequestError("The prompt is none, or of login, consent and select_account.")
    age = data.get("max_age", "0")
    if not (age.isascii() and age.isdigit() and len(age) < 10):
        raise InvalidRequestError("The max_age is a number of seconds.")


def params_once(fields: Sequence[tuple[str, str]]) -> dict[str, str]:
    """RFC 6749, 3.1: none more than once, and one without a value as if it were not there. Raises Declined."""
    params = dict(fields)
    if len(params) != len(fields):
        raise Declined("invalid_request", "A parameter is given more than once.")
    return {name: value for name, value in params.items() if value}


UNREGISTERED = "The application wants its answer at an address that is not registered for it."


def judge(auth: Auth, realm: Realm, fields: Sequence[tuple[str, str]]) -> Asked:
    """Blocking. Raises Declined."""
    from gateway.auth.server import TokenServer

    params = params_once(fields)
    if len(params.get("scope", "")) > MAX_SCOPE:
        raise Declined("invalid_request", "The scope is too long.")
    request = AuthorizationRequest(realm, params)
    try:
        TokenServer(auth, realm).get_consent_grant(request)
    except OAuth2Error as error:
        said = error.description or ""
        said = UNREGISTERED if said.startswith("Redirect URI ") else said
        raise Declined(error.error, said, error.redirect_uri, params.get("state")) from None
    return _with_launch(auth, realm, _asked(auth, request, params), params.get("launch"))


def _asked(auth: Auth, request: AuthorizationRequest, params: dict[str, str]) -> Asked:
    return Asked(
        client_id=params["client_id"],
        redirect_uri=params["redirect_uri"],
        scope=request.scope,
        state=params["state"],
        code_challenge=params["code_challenge"],
        issued=int(auth.clock() * MICROSECONDS),
        nonce=params.get("nonce"),
        prompt=frozenset(params.get("prompt", "").split()),
        max_age=int(params["max_age"]) if "max_age" in params else None,
        login_hint=params.get("login_hint", "")[:254],
    )


def _with_launch(auth: Auth, realm: Realm, asked: Asked, launch: str | None) -> Asked:
    """With the context of the EHR launch, if it is one, and the scope `launch` asks for it."""
    scopes = Scopes.parse(asked.scope)
    if launch is None or "launch" not in scopes.plain:
        kept = " ".join(word for word in asked.scope.split() if word != "launch")
        return msgspec.structs.replace(asked, scope=kept)
    with Session(auth.engine) as session:
        row = launches.find(session, realm.org, launch, asked.client_id, now=asked.issued)
    if row is None:
        text = "The launch is unknown here, used already, too old, or another client's."
        raise Declined("invalid_request", text, asked.redirect_uri, asked.state)
    context = dict(row.context)
    return msgspec.structs.replace(
        asked,
        launch=row.digest,
        email=row.email,
        patient=context.pop("patient", None),
        encounter=context.pop("encounter", None),
        context=context,
    )


def seal(auth: Auth, realm: Realm, asked: Asked) -> str:
    return auth.box.seal(PURPOSE, msgspec.json.encode(asked), about=str(realm.org))


def unseal(auth: Auth, realm: Realm, text: str) -> Asked:
    """Raises Malformed."""
    try:
        asked = msgspec.json.decode(auth.box.open(PURPOSE, text, about=str(realm.org)), type=Asked)
    except (Misconfigured, msgspec.DecodeError, UnicodeEncodeError):
        raise Malformed("This page is not one of ours any more; go back to the application and begin again") from None
    if asked.issued + LIFETIME_US <= auth.clock() * MICROSECONDS:
        raise Malformed("This page was open for too long; go back to the application and begin again")
    return asked
