"""The SMART configuration of an organisation: what its authorization server does, and nothing that it does not.

SMART App Launch 2.2, Conformance. `authorization_endpoint` and what goes with it belong to launches, which are not
listed among the capabilities here.
"""

from __future__ import annotations

from typing import Any

from gateway.auth.authority import Realm
from gateway.auth.clients import CLIENT_CREDENTIALS
from gateway.auth.keyset import ASSERTION_ALGORITHMS
from gateway.auth.scopes import ADMIN
from gateway.auth.server import METHODS

SCOPES = ("system/*.cruds", "system/*.rs", "system/*.read", "system/*.write", "system/*.*", ADMIN)
CAPABILITIES = (
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "permission-v1",
    "permission-v2",
)


def smart_configuration(realm: Realm) -> dict[str, Any]:
    return {
        "token_endpoint": realm.token_url,
        "jwks_uri": realm.jwks_url,
        "grant_types_supported": [CLIENT_CREDENTIALS],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "scopes_supported": list(SCOPES),
        "capabilities": list(CAPABILITIES),
    }
