"""What eCW's authorization server refuses, told apart by its error words, and what an operator does about each."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.faults import EmrDenied, EmrFault

JWKS = "the gateway's JWKS URL (/.well-known/jwks.json)"


class UnknownClient(EmrDenied):
    """It does not know the client id, or cannot verify the assertion with the keys that it has."""


class NotGranted(EmrDenied):
    """It refused the scopes, or found the assertion expired or made for somebody else: it says the same of both."""


OAUTH: Mapping[str, tuple[type[EmrFault], str]] = {
    "invalid_client": (
        UnknownClient,
        f"eClinicalWorks does not know this client or its key: check `client_id`; {JWKS} has to be public, registered "
        "on the developer portal and allow-listed by eClinicalWorks, which may take days; after a rotation it has to "
        "have fetched the new key (`crosswalk keys list`)",
    ),
    "invalid_grant": (
        NotGranted,
        "eClinicalWorks did not grant the scopes: ask only for scopes that the application registered and the practice "
        "activated (setting `scope`). If they are right, the clock of this server or the `audience` is wrong",
    ),
    "invalid_scope": (NotGranted, "eClinicalWorks does not know one of the scopes: correct the setting `scope`"),
    "unauthorized_client": (
        EmrDenied,
        "The application is not registered for backend services; change that on the portal",
    ),
    "unsupported_grant_type": (EmrDenied, "The token URL does not take client credentials: correct `token_url`"),
    "invalid_request": (EmrDenied, "The token endpoint found the request incomplete: check `token_url` and `audience`"),
    "access_denied": (
        EmrDenied,
        "The authorization server of eClinicalWorks refused without a reason: ask its support",
    ),
}
