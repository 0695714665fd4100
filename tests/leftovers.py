"""PostgreSQL servers that a killed test run left behind: the next run ends them and removes their folders.

A folder says which process made it: by its number, the moment it began (numbers come again) and the namespace that the
number is of (containers may share the folder above). What does not say so is left alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

MAKER = "made-by"
PATIENCE_S = 10.0
BEGAN = 19
"""Place in /proc/PID/stat behind the name, which may hold spaces: proc(5), field 22."""


def began(process: int) -> str | None:
    """None where there is no such process."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[BEGAN]


def namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def sign(folder: Path) -> None:
    (folder / MAKER).write_text(f"{os.getpid()} {began(os.getpid())} {namespace()}")


def is_left(folder: Path) -> bool:
    """Whether who made it is surely gone."""
    try:
        signed = (folder / MAKER).read_text().split()
    except OSError:
        return False
    return len(signed) == 3 and signed[2] == namespace() and began(int(signed[0])) != signed[1]


def clear(room: Path, prefix: str) -> None:
    for folder in room.glob(f"{prefix}*"):
        if is_left(folder):
            end_server(folder)
            shutil.rmtree(folder, ignore_errors=True)


def server_of(folder: Path) -> int | None:
    """The process that works on the folder's data, if it does."""
    try:
        process = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return process if str(folder / "data").encode() in command.split(b"\0") else None


def end_server(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (process := server_of(folder)) is not None and time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)  # "immediate": nothing of it is kept
        time.sleep(0.05)
