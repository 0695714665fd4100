"""Commands that change something: whoever may run them needs no token, so the trail says who it was on the machine."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.audit.access import Access
from gateway.audit.kinds import action_of
from gateway.audit.trail import Trail

LOOKING = frozenset({"list", "show", "log", "questions", "test", "capability", "sandbox", "migrate", "serve", "demo"})
"""Commands by their last word that change nothing, or that are no command of an organisation."""
DONE, REFUSED = 200, 400
KIND = "command"


@dataclass(frozen=True, slots=True)
class Command:
    """Its words, `crosswalk client add`, and the organisation that it is for."""

    words: str
    org: str | None


@contextmanager
def command_audited(trail: Trail, command: Command | None) -> Iterator[None]:
    """Options are not told: they hold names and secrets."""
    if command is None or not command.org or command.words.split()[-1] in LOOKING:
        yield
        return
    try:
        yield
    except BaseException:
        trail.record(_access(trail, command, REFUSED))
        raise
    trail.record(_access(trail, command, DONE))


def _access(trail: Trail, command: Command, status: int) -> Access:
    at = trail.clock()
    return Access(
        id=trail.new_id(at),
        at=at,
        org=command.org or "",
        kind=KIND,
        action=action_of(KIND),
        status=status,
        user=_operator(),
        told=command.words,
    )


def _operator() -> str:
    """As the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
