"""Users: people who sign in with a password, and what each may do.

A password is hashed with Argon2id at the parameters of RFC 9106's second recommendation (the library's defaults), after
Unicode normalisation (NIST SP 800-63B, 5.1.1.2). An unknown account costs the same time as a wrong password.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session

from gateway.auth.tables import UserAccount
from gateway.faults import Conflict, Invalid, NotFound

PASSWORDS = PasswordHasher()
MIN_PASSWORD, MAX_PASSWORD = 12, 1024
MAX_EMAIL = 254
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
LOGICAL_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)


class Role(StrEnum):
    """What a user may do in the console; each may also do what the ones before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def reaches(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What is asked for a new user."""

    email: str
    role: Role
    patient: str | None = None
    practitioner: str | None = None


def add_user(session: Session, org: int, new: NewUser, password_hash: str, *, now: int) -> UserAccount:
    """Flushed, not committed. `now` is in microseconds. Raises Invalid and Conflict."""
    email = account_name(new.email)
    check(new)
    if session.get(UserAccount, (org, email)) is not None:
        raise Conflict(f"There is a user {email} already", "email")
    row = UserAccount(
        org=org,
        email=email,
        password_hash=password_hash,
        role=new.role.value,
        patient=new.patient,
        practitioner=new.practitioner,
        created=now,
    )
    session.add(row)
    session.flush()
    return row


def check(new: NewUser) -> None:
    email = account_name(new.email)
    if not EMAIL.fullmatch(email) or len(email) > MAX_EMAIL or not email.isprintable():
        raise Invalid(f"Write the e-mail address as NAME@HOST, at most {MAX_EMAIL} characters", "email")
    for element, id in (("patient", new.patient), ("practitioner", new.practitioner)):
        if id is not None and not LOGICAL_ID.fullmatch(id):
            raise Invalid("Write the id alone: 1 to 64 letters, digits, hyphens and dots", element)


def disable_user(session: Session, org: int, email: str, *, now: int) -> UserAccount:
    """Sessions and tokens stop working within seconds. Raises NotFound."""
    row = session.get(UserAccount, (org, account_name(email)))
    if row is None:
        raise NotFound("This organisation has no such user")
    row.disabled = now
    session.add(row)
    session.flush()
    return row


def account_name(email: str) -> str:
    """The e-mail address as it is kept and compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).lower()).strip()


def hash_password(password: str) -> str:
    """Slow on purpose: call it off the event loop. Raises Invalid."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters", "password")
    return PASSWORDS.hash(_normal(password))


def is_password_of(row: UserAccount | None, password: str) -> bool:
    """Slow on purpose, and as slow for an account that does not exist or is disabled."""
    usable = row is not None and row.disabled is None and len(password) <= MAX_PASSWORD
    password_hash = row.password_hash if row is not None and usable else _nobodys()
    try:
        return PASSWORDS.verify(password_hash, _normal(password[:MAX_PASSWORD])) and usable
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return PASSWORDS.hash("no account has this hash")
