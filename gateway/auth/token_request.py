"""A token request: the form that RFC 6749 prescribes, read strictly, before anyone is authenticated.

A parameter given twice, two ways of authenticating at once, or a form that is none is an `invalid_request`; the error
texts are constants, since `error_description` may not hold arbitrary characters and must not echo a secret.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.errors import InvalidClientError  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]

FORM = "application/x-www-form-urlencoded"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_BYTES = 65_536
MAX_FIELDS = 50


class ClientRefused(InvalidClientError):  # type: ignore[misc]
    """Client authentication failed: RFC 6749, 5.2 `invalid_client`, always 401 with the challenge it demands."""

    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        plain = [(name, value) for name, value in super().get_headers() if name != "WWW-Authenticate"]
        return [*plain, ("WWW-Authenticate", 'Basic realm="crosswalk"')]


class TokenRequest(OAuth2Request):  # type: ignore[misc]
    """The request in authlib's terms: form parameters once each, and the Authorization header."""

    def __init__(self, token_url: str, headers: Mapping[str, str], form: dict[str, str]) -> None:
        # authlib refuses http. That clients reach us over TLS is the operator's to arrange, at a proxy in front of us;
        # CROSSWALK_PUBLIC_URL says what they see.
        super().__init__("POST", urlsplit(token_url)._replace(scheme="https").geturl(), headers=headers)
        self.payload = BasicOAuth2Payload(form)
        self._form = form

    @property
    def form(self) -> dict[str, str]:
        return self._form


def read_token_request(token_url: str, headers: Mapping[str, str], body: bytes) -> TokenRequest:
    """Raises authlib's OAuth2Error."""
    request = read_client_request(token_url, headers, body)
    if "grant_type" not in request.form:
        raise InvalidRequestError("The parameter grant_type is missing.")
    return request


def read_client_request(token_url: str, headers: Mapping[str, str], body: bytes) -> TokenRequest:
    """What a client posts, whatever for. Raises authlib's OAuth2Error."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise InvalidRequestError(f"The Content-Type must be {FORM}.")
    form = _form(body)
    _check_assertion(form)
    _check_one_method(headers, form)
    return TokenRequest(token_url, _decodable(headers), form)


def _form(body: bytes) -> dict[str, str]:
    try:
        # A parameter without a value is treated as if it were not there (RFC 6749, 3.2).
        fields = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidRequestError("The body is not a form of at most 50 fields in UTF-8.") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise InvalidRequestError("A parameter is given more than once.")
    return form


def _check_assertion(form: Mapping[str, Any]) -> None:
    assertion, kind = "client_assertion" in form, form.get("client_assertion_type")
    if kind is None and assertion:
        raise InvalidRequestError("The parameter client_assertion_type is missing.")
    if kind is not None and kind != ASSERTION_TYPE:
        raise InvalidRequestError(f"The client_assertion_type must be {ASSERTION_TYPE}.")
    if kind is not None and not assertion:
        raise InvalidRequestError("The parameter client_assertion is missing.")


def _check_one_method(headers: Mapping[str, str], form: Mapping[str, Any]) -> None:
    if sum(("authorization" in headers, "client_secret" in form, "client_assertion" in form)) > 1:
        raise InvalidRequestError("A client authenticates in one way per request (RFC 6749, 2.3).")


def _decodable(headers: Mapping[str, str]) -> dict[str, str]:
    """The Authorization header alone, known to be one that authlib can take apart.

    RFC 6749, 2.3.1: client id and secret are form-encoded inside it.
    """
    if "authorization" not in headers:
        return {}
    scheme, _, encoded = headers["authorization"].partition(" ")
    if scheme.lower() != "basic":
        raise ClientRefused("The Authorization header of a token request must use Basic.")
    try:
        base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except ValueError:
        raise ClientRefused("The Authorization header is not Basic with client id and secret.") from None
    return {"Authorization": headers["authorization"]}
