"""Public keys of clients: which keys of a JWKS document are usable, and which one verifies a given assertion.

SMART App Launch 2.2 (Client Authentication: Asymmetric) names two algorithms, RS384 and ES384; a key that fits
neither is left aside, and so is every symmetric key: a shared secret in a JWKS would let RS384 be taken for HS384.
"""

from __future__ import annotations

from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from gateway.faults import Invalid

ASSERTION_ALGORITHMS = ("RS384", "ES384")
KEY_TYPES = {"RS384": "RSA", "ES384": "EC"}
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
MAX_KEYS = 100
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192


def public_keys(document: object) -> KeySet:
    """The usable keys of a JWKS document, possibly none; raises Invalid when it is no JWKS."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise Invalid(f"The JWKS must be a JSON object with an array `keys` of at most {MAX_KEYS} keys", "jwks")
    usable = (_public_key(key) for key in keys if isinstance(key, dict))
    return KeySet([key for key in usable if key is not None])


def holds_private_keys(document: dict[str, Any]) -> bool:
    return any(isinstance(key, dict) and PRIVATE_MEMBERS & key.keys() for key in document.get("keys", ()))


def find_key(keys: KeySet, kid: str, alg: str) -> ECKey | RSAKey | None:
    """By `kid` and by the type that `alg` needs; a key that names another `alg` is not used for this one."""
    for key in keys:
        if isinstance(key, ECKey | RSAKey) and key.kid == kid and key.key_type == KEY_TYPES.get(alg):
            return key
    return None


def _public_key(data: dict[str, Any]) -> ECKey | RSAKey | None:
    public = {name: value for name, value in data.items() if name not in PRIVATE_MEMBERS}
    kty = public.get("kty")
    alg = {"RSA": "RS384", "EC": "ES384"}.get(kty) if isinstance(kty, str) else None
    if alg is None or public.get("use", "sig") != "sig" or public.get("alg", alg) != alg:
        return None
    if not isinstance(public.get("kid"), str) or not public["kid"]:
        return None
    return _imported(public)


def _imported(public: dict[str, Any]) -> ECKey | RSAKey | None:
    wanted: dict[str, Any] = {
        name: public[name] for name in ("kty", "kid", "n", "e", "crv", "x", "y") if name in public
    }
    try:
        if wanted["kty"] == "EC":
            return ECKey.import_key(wanted) if wanted.get("crv") == "P-384" else None
        return RSAKey.import_key(wanted) if _rsa_bits(wanted.get("n")) else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _rsa_bits(modulus: object) -> bool:
    """Judged on the text, before arithmetic on a number of unbounded size."""
    return isinstance(modulus, str) and MIN_RSA_BITS - 8 < len(modulus) * 6 <= MAX_RSA_BITS + 16
