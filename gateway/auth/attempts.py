"""The limit on guessing passwords: so many tries for one account from one address, then a pause.

A try is counted before the password is looked at, so tries side by side do not get past the limit; a right password
clears the count. The address is the peer's: behind a proxy it is the proxy's, and the limit is the account's alone.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import delete
from sqlmodel import Session, col

from gateway.auth.tables import SignInAttempts

MAX_TRIES = 5
WINDOW_US = 5 * 60 * 1_000_000


def attempt_key(org: str, email: str, address: str) -> str:
    return hashlib.sha256("\0".join((org, email, address)).encode("utf-8", "surrogatepass")).hexdigest()


def count_try(session: Session, key: str, now: int) -> int:
    """Seconds to wait before the next try; 0 when this one may go on and is counted."""
    session.connection().execute(delete(SignInAttempts).where(col(SignInAttempts.since) <= now - WINDOW_US))
    row = session.get(SignInAttempts, key) or SignInAttempts(digest=key, since=now, count=0)
    if row.count >= MAX_TRIES:
        return max(1, -(-(row.since + WINDOW_US - now) // 1_000_000))
    row.count += 1
    session.add(row)
    return 0


def clear_tries(session: Session, key: str) -> None:
    session.connection().execute(delete(SignInAttempts).where(col(SignInAttempts.digest) == key))
