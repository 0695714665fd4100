"""The processes that run workflows: each beats, and the work of one that stopped is taken over by the others.

A process is dead when its row has not been renewed for a while, or at once when it was on this machine and has gone.
Its workflows are put back into their queues first and its row is removed after that, so a helper that dies in between
is helped in turn; putting back twice does nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from gateway.sync.tables import Executor

BEAT_S = 5.0
DEAD_AFTER_S = 30.0
BOOT = Path("/proc/sys/kernel/random/boot_id")
PROCESSES = Path("/proc/self/ns/pid")


def machine() -> str:
    """Names the set of processes in which a process id means something: one boot of one machine or container."""
    try:
        told = f"{BOOT.read_text('ascii').strip()}/{PROCESSES.stat().st_ino}"
    except OSError:
        return ""
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def new_id() -> str:
    return f"node-{machine() or 'unknown'}-{os.getpid()}-{uuid4().hex[:16]}"


class Executors:
    """This process's own row, and what it sees of the others. Synchronous: it runs in a thread."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self.engine = engine
        self.clock = clock
        self.id = new_id()

    def beat(self, serves: bool) -> None:
        """Say that this process lives."""
        with Session(self.engine) as session:
            session.merge(Executor(id=self.id, seen=self._now(), serves=serves))
            session.commit()

    def dead(self) -> list[str]:
        """Those whose work has to be taken over."""
        limit = self._now() - int(DEAD_AFTER_S * 1_000_000)
        with Session(self.engine) as session:
            others = session.exec(select(Executor).where(col(Executor.id) != self.id)).all()
            return [other.id for other in others if other.seen < limit or _is_gone(other.id)]

    def forget(self, id: str) -> None:
        """Its work is in other hands."""
        with Session(self.engine) as session:
            session.connection().execute(delete(Executor).where(col(Executor.id) == id))
            session.commit()

    def leave(self) -> None:
        """This process stops with work unfinished: the next beat of any other takes it over."""
        with Session(self.engine) as session:
            session.merge(Executor(id=self.id, seen=0, serves=False))
            session.commit()

    def is_served(self, session: Session) -> bool:
        """Whether some process works on the queues."""
        limit = self._now() - int(3 * BEAT_S * 1_000_000)
        serving = session.exec(select(Executor.id).where(col(Executor.seen) > limit, col(Executor.serves)))
        return any(not _is_gone(id) for id in serving)

    def _now(self) -> int:
        return int(self.clock() * 1_000_000)


def _is_gone(id: str) -> bool:
    """Whether the process was one of this machine and is no longer there."""
    _, where, pid, *_ = (*id.split("-"), "", "", "")
    if not pid.isdigit() or not where or where != machine():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
