"""The token endpoint: authlib's authorization server on our clients, keys and scopes.

authlib's core is synchronous and made for Flask and Django; here it runs in a worker thread, one small server object
per request, bound to one organisation, so that no client of another can be found. It decides the order of things
(grant, client authentication, grant rules, token) and the errors; SMART's part is in assertion.py and scopes.py.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    AuthorizationServer,
    ClientCredentialsGrant,
    InvalidClientError,
    InvalidScopeError,
    OAuth2Error,
)
from sqlmodel import Session

from gateway.auth.assertion import ClientAssertion
from gateway.auth.authorization_request import ProofKey, SmartParameters
from gateway.auth.code_grant import CodeGrant, Holder, RefreshGrant
from gateway.auth.context import about_launch, launch_parameters, renew
from gateway.auth.id_token import id_token
from gateway.auth.registered import ASSERTION_METHOD, CONFIDENTIAL_METHODS, RegisteredClient
from gateway.auth.tables import Client
from gateway.auth.token_request import ClientRefused, TokenRequest, read_client_request, read_token_request
from gateway.auth.token_state import Introspection, Revocation

if TYPE_CHECKING:
    from gateway.auth.authority import Auth, Realm

ACCESS_TOKEN_LIFETIME = 3600
"""Seconds. SMART recommends 300 for backend services, whose tokens nothing can take back. Ours end within seconds
of the client's being disabled (verification.py), and whoever pastes a curl after reading a page still has a token."""
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint answers, before it is HTTP."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class BackendGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """client_credentials for confidential clients, with SMART's scopes."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def validate_requested_scope(self) -> None:
        if not self.request.client.get_allowed_scope(self.request.payload.scope):
            raise InvalidScopeError("None of the requested scopes is registered for this client and grantable to it.")


class TokenServer(AuthorizationServer):  # type: ignore[misc]
    """The token endpoint of one organisation, for one request. Blocking: call `respond` in a worker thread."""

    def __init__(self, auth: Auth, realm: Realm) -> None:
        super().__init__()
        self.auth = auth
        self.realm = realm
        self.authenticated: str | None = None
        """The client that proved who it is."""
        self.register_grant(BackendGrant)
        self.register_grant(CodeGrant, [ProofKey(required=True), SmartParameters(realm)])
        self.register_grant(RefreshGrant)
        self.register_endpoint(Introspection)
        self.register_endpoint(Revocation)
        self.register_client_auth_method(ASSERTION_METHOD, ClientAssertion(auth, realm))
        self.register_token_generator(BackendGrant.GRANT_TYPE, self._issue)
        self.register_token_generator("default", self._issue_to_user)

    def respond(self, headers: Mapping[str, str], body: bytes) -> TokenAnswer:
        try:
            request = read_token_request(self.realm.token_url, headers, body)
        except OAuth2Error as error:
            return self.handle_error_response(None, error)
        answer: TokenAnswer = self.create_token_response(request)
        return answer

    def tell(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> TokenAnswer:
        """Introspection or revocation. Blocking."""
        try:
            request = read_client_request(self.realm.token_url, headers, body)
        except OAuth2Error as error:
            return self.handle_error_response(None, error)
        answer: TokenAnswer = self.create_endpoint_response(endpoint, request)
        return answer

    def query_client(self, client_id: str) -> RegisteredClient | None:
        if not CLIENT_ID.fullmatch(client_id):
            return None
        with Session(self.auth.engine) as session:
            row = session.get(Client, (self.realm.org, client_id))
        return RegisteredClient(row, self.auth.types) if row is not None and row.disabled is None else None

    def authenticate_client(self, request: TokenRequest, methods: Any, endpoint: str = "token") -> RegisteredClient:
        try:
            client: RegisteredClient = super().authenticate_client(request, methods, endpoint)
        except ClientRefused:
            raise
        except InvalidClientError:
            # One text for an unknown client and a wrong secret.
            raise ClientRefused(
                "Client authentication failed: unknown client, or wrong or missing credentials."
            ) from None
        self.authenticated = client.get_client_id()
        if request.payload.client_id not in (None, client.get_client_id()):
            raise ClientRefused("The client_id is not that of the client that authenticated.")
        return client

    def create_oauth2_request(self, request: TokenRequest) -> TokenRequest:
        return request

    def handle_response(self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]) -> TokenAnswer:
        return TokenAnswer(status, body, dict(headers))

    def handle_error_response(self, request: TokenRequest | None, error: OAuth2Error) -> TokenAnswer:
        log.info("token_refused", org=self.realm.slug, error=error.error, reason=error.description)
        answer: TokenAnswer = super().handle_error_response(request, error)
        return answer

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """authlib's hook for Flask signals; nobody listens here."""

    def save_token(self, token: dict[str, Any], request: TokenRequest) -> None:
        """Access tokens carry what they mean, so none is stored; that one was issued is logged."""
        log.info("token_issued", org=self.realm.slug, client=request.client.get_client_id(), scope=token["scope"])

    def _issue(self, *, client: RegisteredClient, scope: str | None = None, **_: object) -> dict[str, Any]:
        return self._access_token(client, client.get_allowed_scope(scope), client.get_client_id())

    def _issue_to_user(
        self, *, client: RegisteredClient, user: Holder, scope: str | None = None, **_: object
    ) -> dict[str, Any]:
        """With the context of the launch, as SMART's token response has it."""
        grant, allowed = user.grant, client.get_delegable_scope(scope or "")
        claims = {"grant": grant.id, **about_launch(self.realm, grant)}
        token = {**self._access_token(client, allowed, user.user.subject, **claims), **launch_parameters(grant)}
        if "openid" in allowed.split():
            token["id_token"] = id_token(self.auth, self.realm, user, allowed, token["access_token"])
        if refresh_token := renew(self.auth, grant):
            token["refresh_token"] = refresh_token
        return token

    def _access_token(self, client: RegisteredClient, scope: str, subject: str, **more: str) -> dict[str, Any]:
        """RFC 9068, 2.2."""
        now = int(self.auth.clock())
        claims = {
            "iss": self.realm.fhir_base,
            "aud": self.realm.fhir_base,
            "sub": subject,
            "client_id": client.get_client_id(),
            "scope": scope,
            "iat": now,
            "exp": now + ACCESS_TOKEN_LIFETIME,
            "jti": base64.urlsafe_b64encode(self.auth.random(18)).decode(),
            **more,
        }
        token = self.auth.keys.sign(self.realm.org, claims, typ="at+jwt")
        return {"access_token": token, "token_type": "bearer", "expires_in": ACCESS_TOKEN_LIFETIME, "scope": scope}
