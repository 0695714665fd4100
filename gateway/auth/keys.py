"""The gateway's own signing keys, per organisation and gateway-wide, kept sealed in the database.

Access tokens are signed ES384: it is one of the two algorithms that every SMART server must know, its signature is a
quarter of an RSA one in size, and a key is made in a millisecond, so that each organisation can have its own.
Verifying costs more than RSA (0.3 against 0.05 ms), which the short cache in verification.py takes out of the hot path.
ID tokens are signed RS256, which OpenID Connect Core (15.1) demands of every provider, with a key pair for them alone.
What the gateway signs as a client of EMRs is RS384, the other of the two, with the one gateway-wide key pair that
they allow-list.

Rotation (rotation.py): a new key is published at once and signs only later, when every verifier that caches a JWKS
has fetched it; its predecessor stays published for `KEEP` more, until everything it signed has expired. So two are
published while it matters. Which key signs follows from the rows and the clock alone: no worker has to be told, and
none can sign with a key that another one does not publish.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.auth.secrets import SecretBox
from gateway.auth.tables import SigningKey
from gateway.faults import Misconfigured

Clock = Callable[[], float]
"""UTC seconds since 1970."""
AsymmetricKey = ECKey | RSAKey

ACCESS_TOKEN_ALG = "ES384"  # noqa: S105
GATEWAY_ALG = "RS384"
ID_TOKEN_ALG = "RS256"  # noqa: S105
RSA_BITS = {GATEWAY_ALG: 3072, ID_TOKEN_ALG: 2048}
"""An ID token is read within minutes of its making; the key that EMRs know us by stays for years."""
KEEP = 7200
"""Seconds for which a key stays published after its last signature: twice what the longest-lived token lives."""
MICROSECONDS = 1_000_000
PURPOSE = "signing-key"


class SigningKeys:
    """Signs with the current key of an owner (an organisation; None is the gateway) and publishes the public halves."""

    def __init__(self, engine: Engine, box: SecretBox, clock: Clock) -> None:
        self._engine = engine
        self._box = box
        self._clock = clock
        self._opened: dict[str, AsymmetricKey] = {}
        self._public: dict[str, AsymmetricKey] = {}

    def sign(self, org: int | None, claims: dict[str, Any], *, typ: str = "JWT", alg: str | None = None) -> str:
        row = self._current(org, alg or algorithms_of(org)[0])
        return jwt.encode(
            {"alg": row.alg, "kid": row.kid, "typ": typ}, claims, self._private_key(row), algorithms=[row.alg]
        )

    def published(self, org: int | None, alg: str | None = None) -> KeySet:
        """The keys of one algorithm that verifiers may meet, the newest first. Makes the first one."""
        return KeySet([self._public_key(row) for row in self.rows(org, alg or algorithms_of(org)[0])])

    def jwks(self, org: int | None) -> dict[str, Any]:
        """The JWKS document of an owner."""
        keys = (key for alg in algorithms_of(org) for key in self.published(org, alg))
        return {"keys": [dict(key.as_dict(private=False)) for key in keys]}

    def rows(self, org: int | None, alg: str) -> Sequence[SigningKey]:
        """Those that are published, the newest first. Makes the first one."""
        return self.stored(org, alg) or [self._insert_first(self.fresh(org, alg, 1, lead=0))]

    def stored(self, org: int | None, alg: str) -> Sequence[SigningKey]:
        """Those that are published, possibly none."""
        newest_first = SigningKey.generation.desc()  # type: ignore[attr-defined]
        with Session(self._engine) as session:
            rows = session.exec(of(org, alg).order_by(newest_first)).all()
        return [row for row in rows if not is_over(row, self.now())]

    def fresh(self, org: int | None, alg: str, generation: int, *, lead: int) -> SigningKey:
        """A new key that is not stored yet; it signs after `lead` seconds."""
        slot = f"{'gateway' if org is None else org}/{alg}/{generation}"
        key = _generate(alg)
        kid, now = key.thumbprint(), self.now()
        sealed = self._box.seal(PURPOSE, json.dumps(key.as_dict(private=True)).encode(), about=slot)
        return SigningKey(
            slot=slot, org=org, alg=alg, generation=generation, kid=kid, private_key=sealed,
            created=now, signs_from=now + lead * MICROSECONDS,
        )  # fmt: skip

    def now(self) -> int:
        return int(self._clock() * MICROSECONDS)

    def _current(self, org: int | None, alg: str) -> SigningKey:
        return signing(self.rows(org, alg), self.now())

    def _insert_first(self, row: SigningKey) -> SigningKey:
        slot = row.slot
        with Session(self._engine, expire_on_commit=False) as session:
            try:
                session.add(row)
                session.commit()
                return row
            except IntegrityError:  # another process made this generation first: its key is the one
                session.rollback()
                winner = session.get(SigningKey, slot)
        if winner is None:
            raise Misconfigured("The signing key cannot be stored: its organisation is gone")
        return winner

    def _private_key(self, row: SigningKey) -> AsymmetricKey:
        if row.kid not in self._opened:
            data = json.loads(self._box.open(PURPOSE, row.private_key, about=row.slot))
            self._opened[row.kid] = _imported(data)
        return self._opened[row.kid]

    def _public_key(self, row: SigningKey) -> AsymmetricKey:
        if row.kid not in self._public:
            data = self._private_key(row).as_dict(private=False) | {"kid": row.kid, "use": "sig", "alg": row.alg}
            self._public[row.kid] = _imported(data)
        return self._public[row.kid]


def algorithms_of(org: int | None) -> tuple[str, ...]:
    """What an owner signs with; the first is for everything that names no other."""
    return (GATEWAY_ALG,) if org is None else (ACCESS_TOKEN_ALG, ID_TOKEN_ALG)


def signing(rows: Sequence[SigningKey], now: int) -> SigningKey:
    """Of an owner's keys, the newest first, the one that signs."""
    return next((row for row in rows if row.signs_from <= now), rows[-1])


def is_over(row: SigningKey, now: int) -> bool:
    """Nothing that it signed can be valid any more."""
    return row.retired is not None and row.retired + KEEP * MICROSECONDS <= now


def of(org: int | None, alg: str) -> SelectOfScalar[SigningKey]:
    return select(SigningKey).where(SigningKey.org == org, SigningKey.alg == alg)


def _generate(alg: str) -> AsymmetricKey:
    return ECKey.generate_key("P-384") if alg.startswith("ES") else RSAKey.generate_key(RSA_BITS[alg])


def _imported(data: Any) -> AsymmetricKey:
    return ECKey.import_key(data) if data["kty"] == "EC" else RSAKey.import_key(data)
