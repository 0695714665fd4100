"""The journal: events as lines of a file that this process alone appends to, until they are in the database.

A line is with the operating system once `append` returns, so that nothing of this process has to survive; `sync` puts
it on the disk. Each process has files of its own and holds a lock on them: a file without a lock is of a process that
died, and whoever finds it takes it over. A last line without an end was never answered for.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

SUFFIX = ".journal"
ROTATED_AT = 4 * 1024 * 1024
READ_AT_ONCE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Segment:
    """One file, open and locked."""

    path: Path
    fd: int

    def close(self) -> None:
        os.close(self.fd)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.close()


class Journal:
    """The files of this process. `append` and `rotate` may be called from different threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._current: Segment | None = None
        self._numbers = count(1)

    def append(self, line: bytes) -> None:
        """One line, or several at once; raises OSError where it cannot be kept."""
        with self._lock:
            if self._current is None:
                self._current = self._open()
            if os.write(self._current.fd, line + b"\n") != len(line) + 1:
                raise OSError("the audit journal's disk is full")

    def sync(self) -> None:
        """Blocking; what was appended before is on the disk."""
        if (segment := self._current) is not None:
            os.fdatasync(segment.fd)

    @property
    def path(self) -> Path | None:
        return self._current.path if self._current is not None else None

    def rotate(self) -> Segment | None:
        """The file so far, which nobody appends to any more; the caller removes it."""
        with self._lock:
            segment, self._current = self._current, None
        if segment is not None:
            os.fdatasync(segment.fd)
        return segment

    def _open(self) -> Segment:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{socket.gethostname()}-{os.getpid()}-{id(self):x}-{next(self._numbers)}{SUFFIX}"
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(self.folder)
        return Segment(path, fd)


def abandoned(path: Path) -> Segment | None:
    """The file, if no process holds it any more."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return Segment(path, fd)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []


def lines(path: Path, offset: int) -> Iterator[tuple[list[bytes], int]]:
    """Whole lines from an offset on, some at a time, and where they end."""
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        return
    with file:
        while True:
            file.seek(offset)
            part = file.read(READ_AT_ONCE)
            end = part.rfind(b"\n") + 1
            if not end:
                return
            offset += end
            yield part[:end].splitlines(), offset


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
