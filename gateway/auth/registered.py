"""A client's registration as authlib asks about it."""

from __future__ import annotations

from argon2.exceptions import InvalidHashError, VerificationError
from authlib.oauth2.rfc6749 import ClientMixin  # type: ignore[import-untyped]

from gateway.auth.clients import AUTHORIZATION_CODE, REFRESH_TOKEN, SECRETS
from gateway.auth.scopes import Scopes, delegated, granted
from gateway.auth.tables import Client

SECRET_METHODS = ("client_secret_basic", "client_secret_post")
ASSERTION_METHOD = "private_key_jwt"
CONFIDENTIAL_METHODS = (*SECRET_METHODS, ASSERTION_METHOD)


class RegisteredClient(ClientMixin):  # type: ignore[misc]
    """One row of the client table, and the rules of OAuth on it."""

    def __init__(self, row: Client, types: frozenset[str]) -> None:
        self.row = row
        self._registered = Scopes.parse(row.scopes, types)
        self._types = types

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_default_redirect_uri(self) -> None:
        """SMART: `redirect_uri` is required."""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exactly one of the registered ones: no prefix, no pattern (RFC 9700, 2.1)."""
        return redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        if self.row.secret_hash is None:
            return False
        try:
            return SECRETS.verify(self.row.secret_hash, client_secret)
        except (VerificationError, InvalidHashError):
            return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if method in SECRET_METHODS:
            return self.row.secret_hash is not None
        if method == ASSERTION_METHOD:
            return self.row.jwks is not None or self.row.jwks_url is not None
        return method == "none" and self.row.public

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and AUTHORIZATION_CODE in self.row.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """Refresh tokens come with codes, as far as their user grants them."""
        return (AUTHORIZATION_CODE if grant_type == REFRESH_TOKEN else grant_type) in self.row.grants

    def get_allowed_scope(self, scope: str | None) -> str:
        """Without a request, all that is registered (RFC 6749, 3.3 leaves the default to the server)."""
        requested = self._registered if scope is None else Scopes.parse(scope, self._types)
        return str(granted(requested, self._registered))

    def get_delegable_scope(self, scope: str) -> str:
        """What of a request a user may be asked for."""
        return str(delegated(Scopes.parse(scope, self._types), self._registered))
