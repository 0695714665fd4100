"""The gateway's own signing keys, per organisation and gateway-wide, kept sealed in the database.

Access tokens are signed ES384: it is one of the two algorithms that every SMART server must know, its signature is a
quarter of an RSA one in size, and a key is made in a millisecond, so that each organisation can have its own.
Verifying costs more than RSA (0.3 against 0.05 ms), which the short cache in verification.py takes out of the hot path.
ID tokens are signed RS256, which OpenID Connect Core (15.1) demands of every provider, with a key pair for them alone.
What the gateway signs as a client of EMRs is RS384, the other of the two, with the one gateway-wide key pair that
they allow-list.

Rotation: a new key is published at once and signs only `LEAD` later, when every verifier that caches a JWKS has
fetched it; its predecessor stays published for `KEEP` more, until everything it signed has expired. So two are
published while it matters.
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
LEAD = 3600
KEEP = 7200
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
        return KeySet([self._public_key(row) for row in self._rows_or_first(org, alg or algorithms_of(org)[0])])

    def jwks(self, org: int | None) -> dict[str, Any]:
        """The JWKS document of an owner."""
        keys = (key for alg in algorithms_of(org) for key in self.published(org, alg))
        return {"keys": [dict(key.as_dict(private=False)) for key in keys]}

    def rotate(self, org: int | None, *, lead: int = LEAD, alg: str | None = None) -> str:
        """Publish a new key that signs after `lead` seconds, and retire its predecessor then; answers its kid."""
        alg = alg or algorithms_of(org)[0]
        rows = self._rows(org, alg)
        if not rows:
            return self._make(org, alg, 1, lead=0).kid
        fresh = self._make(org, alg, rows[0].generation + 1, lead=lead)
        with Session(self._engine) as session:
            for row in session.exec(_of(org, alg).where(SigningKey.retired == None)):  # noqa: E711
                if row.generation < fresh.generation:
                    row.retired = fresh.signs_from
                    session.add(row)
            session.commit()
        return fresh.kid

    def _current(self, org: int | None, alg: str) -> SigningKey:
        rows = self._rows_or_first(org, alg)
        now = self._now()
        return next((row for row in rows if row.signs_from <= now), rows[-1])

    def _rows_or_first(self, org: int | None, alg: str) -> Sequence[SigningKey]:
        return self._rows(org, alg) or [self._make(org, alg, 1, lead=0)]

    def _rows(self, org: int | None, alg: str) -> Sequence[SigningKey]:
        newest_first = SigningKey.generation.desc()  # type: ignore[attr-defined]
        with Session(self._engine) as session:
            rows = session.exec(_of(org, alg).order_by(newest_first)).all()
        oldest = self._now() - KEEP * MICROSECONDS
        return [row for row in rows if row.retired is None or row.retired > oldest]

    def _make(self, org: int | None, alg: str, generation: int, *, lead: int) -> SigningKey:
        slot = f"{'gateway' if org is None else org}/{alg}/{generation}"
        key = _generate(alg)
        kid, now = key.thumbprint(), self._now()
        sealed = self._box.seal(PURPOSE, json.dumps(key.as_dict(private=True)).encode(), about=slot)
        row = SigningKey(
            slot=slot, org=org, alg=alg, generation=generation, kid=kid, private_key=sealed,
            created=now, signs_from=now + lead * MICROSECONDS,
        )  # fmt: skip
        return self._insert_first(row)

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

    def _now(self) -> int:
        return int(self._clock() * MICROSECONDS)


def algorithms_of(org: int | None) -> tuple[str, ...]:
    """What an owner signs with; the first is for everything that names no other."""
    return (GATEWAY_ALG,) if org is None else (ACCESS_TOKEN_ALG, ID_TOKEN_ALG)


def _of(org: int | None, alg: str) -> SelectOfScalar[SigningKey]:
    return select(SigningKey).where(SigningKey.org == org, SigningKey.alg == alg)


def _generate(alg: str) -> AsymmetricKey:
    return ECKey.generate_key("P-384") if alg.startswith("ES") else RSAKey.generate_key(RSA_BITS[alg])


def _imported(data: Any) -> AsymmetricKey:
    return ECKey.import_key(data) if data["kty"] == "EC" else RSAKey.import_key(data)
