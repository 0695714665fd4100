"""What an organisation's authorization server does, and nothing that it does not, as clients discover it.

SMART App Launch 2.2 (Conformance) and OpenID Connect Discovery 1.0. The issuer is the FHIR base, so that a client that
knows one address finds everything from it.
"""

from __future__ import annotations

from typing import Any

from gateway.auth.authority import Realm
from gateway.auth.authorization_request import S256
from gateway.auth.clients import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN
from gateway.auth.keys import ID_TOKEN_ALG
from gateway.auth.keyset import ASSERTION_ALGORITHMS
from gateway.auth.registered import CONFIDENTIAL_METHODS
from gateway.auth.scopes import ADMIN

SCOPES = (
    *("openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter"),
    *("offline_access", "online_access"),
    *("patient/*.cruds", "patient/*.rs", "patient/*.read", "patient/*.write", "patient/*.*"),
    "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs",
    *("user/*.cruds", "user/*.rs", "user/*.read", "user/*.write", "user/*.*"),
    *("system/*.cruds", "system/*.rs", "system/*.read", "system/*.write", "system/*.*"),
    ADMIN,
)
CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-style",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)
CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "fhirUser", "preferred_username")


def smart_configuration(realm: Realm) -> dict[str, Any]:
    return {**_both(realm), "capabilities": list(CAPABILITIES)}


def openid_configuration(realm: Realm) -> dict[str, Any]:
    return {
        **_both(realm),
        "userinfo_endpoint": realm.endpoint("userinfo"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ID_TOKEN_ALG],
        "claims_supported": list(CLAIMS),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def _both(realm: Realm) -> dict[str, Any]:
    authenticated = {
        "token_endpoint_auth_methods_supported": [*CONFIDENTIAL_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL_METHODS),
        "revocation_endpoint_auth_methods_supported": [*CONFIDENTIAL_METHODS, "none"],
    }
    return {
        "issuer": realm.fhir_base,
        "jwks_uri": realm.jwks_url,
        "authorization_endpoint": realm.endpoint("authorize"),
        "token_endpoint": realm.token_url,
        "introspection_endpoint": realm.endpoint("introspect"),
        "revocation_endpoint": realm.endpoint("revoke"),
        "registration_endpoint": realm.endpoint("register"),
        **authenticated,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "grant_types_supported": [AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": [S256],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": list(SCOPES),
    }
