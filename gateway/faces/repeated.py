"""Requests that may come twice: with an Idempotency-Key, what is asked is done once and answered alike.

What a request was answered is written in the transaction of what it did, so there is never the one without the other:
a repeated request finds it, after a restart too, and gets the same status and body. Two that come at once meet at the
row: the second waits, and finds it. A request that was refused has left nothing, its key included.

A key is the caller's own (client and user) and of one operation. The answer holds records of patients, as does what
was asked: of this a digest is kept, and everything is sealed. It is given out again only to who could be given it now:
whose scopes still allow all that the operation was allowed, and who still sees every resource that it looked at. They
are read again for that, and so the audit trail names them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import Connection, delete, insert, select, update
from sqlmodel import Session, col
from starlette.requests import Request

from gateway.auth.secrets import SecretBox
from gateway.faces.refusals import NotAsDeclared
from gateway.faces.tables import KeptAnswer
from gateway.faults import Conflict
from gateway.interactions.exchange import Exchange
from gateway.translation.face import Asked, Face, Operation, Problem

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
PURPOSE = "repeated-request"
KEY = re.compile(r"[\x20-\x7e]{1,255}")
WHOLE = -1
KEPT_DAYS = 30
OTHER = "The Idempotency-Key was used for another request: take a new one"


class Outcome(msgspec.Struct, frozen=True):
    """What is sealed of a request, or of a stage of one."""

    digest: str
    """Of what was asked."""
    body: str
    """JSON; empty where the answer has no body."""
    needed: tuple[tuple[str, str], ...]
    """Types and what of c r u d s had to be allowed on them."""
    looked: tuple[str, ...]
    """The resources that were read and written, as `Type/id`."""

    def by_type(self) -> Mapping[str, list[str]]:
        """The ids of what was looked at."""
        found: dict[str, list[str]] = {}
        for type, _, id in (reference.partition("/") for reference in self.looked):
            found.setdefault(type, []).append(id)
        return found

    def actions(self, type: str) -> tuple[str, ...]:
        return tuple(action for of, action in self.needed if of == type)


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request with its key."""

    box: SecretBox
    org: int
    name: str
    digest: str

    def found(self, connection: Connection, *stages: int) -> dict[int, Outcome]:
        """What was answered, by stage; all where none is named. Raises Conflict where it was asked otherwise."""
        row = KeptAnswer
        wanted = select(col(row.stage), col(row.sealed)).where(col(row.org) == self.org, col(row.name) == self.name)
        if stages:
            wanted = wanted.where(col(row.stage).in_(stages))
        found = {stage: self._opened(stage, sealed) for stage, sealed in connection.execute(wanted)}
        if any(outcome.digest != self.digest for outcome in found.values()):
            raise Conflict(OTHER, f"header.{HEADER}")
        return found

    def claim(self, connection: Connection, stage: int, now: int) -> None:
        """Before anything is done: who comes second waits here, and does nothing in vain."""
        names = {"org": self.org, "name": self.name, "stage": stage}
        connection.execute(insert(KeptAnswer).values(**names, created=now, sealed=""))

    def keep(self, connection: Connection, stage: int, outcome: Outcome) -> None:
        sealed = self.box.seal(PURPOSE, msgspec.json.encode(outcome), self._about(stage))
        row = KeptAnswer
        kept = update(row).where(col(row.org) == self.org, col(row.name) == self.name, col(row.stage) == stage)
        connection.execute(kept.values(sealed=sealed))

    def _opened(self, stage: int, sealed: str) -> Outcome:
        return msgspec.json.decode(self.box.open(PURPOSE, sealed, self._about(stage)), type=Outcome)

    def _about(self, stage: int) -> str:
        return f"{self.org}/{self.name}/{stage}"


def repeatable(exchange: Exchange, face: Face, operation: Operation, asked: Asked) -> Repeatable | None:
    """None where the request has no key, or needs none: asking twice changes nothing twice, but by POST."""
    key = key_of(exchange.request)
    if key is None or operation.method != "POST" or not operation.writes:
        return None
    caller = exchange.caller
    who = (caller.client_id, caller.user_email, caller.fhir_user)
    name = digest_of([*who, face.root, operation.name, key])
    asked_for = [dict(asked.path), *map(given, (asked.query, asked.body))]
    return Repeatable(exchange.services.auth.box, exchange.realm.org, name, digest_of(asked_for))


def key_of(request: Request) -> str | None:
    keys = request.headers.getlist(HEADER)
    if not keys:
        return None
    if len(keys) > 1 or not KEY.fullmatch(keys[0]):
        text = "An Idempotency-Key is 1 to 255 printable ASCII characters, and there is one of it"
        raise NotAsDeclared((Problem(("header", HEADER), text, "string_pattern_mismatch"),))
    return keys[0]


def given(model: BaseModel | None) -> Any:
    """What was sent, however its members were ordered and set out."""
    return model.model_dump(mode="json", exclude_unset=True) if model is not None else None


def digest_of(what: Any) -> str:
    return hashlib.sha256(to_json(what)).hexdigest()


def forget_old(session: Session, before: int) -> None:
    """What was answered before that instant, in UTC microseconds."""
    session.connection().execute(delete(KeptAnswer).where(col(KeptAnswer.created) < before))
