"""Commands of the gateway as processes of their own, forked from one that has imported it (forking.py).

How they start from nothing is tests/blackbox/test_server.py's and test_readme.py's.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from tests.forking import STATUS

ROOT = Path(__file__).parent.parent
WIDE = {"COLUMNS": "300"}
"""As long as the lines are that rich makes: it looks as it is imported."""
Stream = IO[Any] | None


@dataclass
class Process:
    """The part of subprocess.Popen that tests need."""

    pid: int
    _told: socket.socket
    returncode: int | None = field(default=None)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        if (status := self._ended(timeout)) is None:
            raise subprocess.TimeoutExpired("crosswalk", timeout or 0)
        return status

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            (self.returncode,) = STATUS.unpack(self._told.recv(STATUS.size))
            self._told.close()
        return self.returncode


class Forks:
    """One process to fork from, for as long as this one lives."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._one_at_a_time = threading.Lock()
        descriptor = theirs.fileno()
        command = [sys.executable, "-m", "tests.forking", str(descriptor)]
        self._process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **WIDE}, pass_fds=[descriptor])
        theirs.close()
        assert self._orders.recv(16) == b"ready"

    def start(self, arguments: tuple[str, ...], environment: dict[str, str], streams: list[int]) -> Process:
        told, telling = socket.socketpair()
        order = {"arguments": arguments, "environment": environment, "folder": str(Path.cwd())}
        with telling, self._one_at_a_time:
            message = [json.dumps(order).encode()]
            socket.send_fds(self._orders, message, [*streams, telling.fileno()])
            (pid,) = STATUS.unpack(self._orders.recv(STATUS.size))
        return Process(pid, told)

    def close(self) -> None:
        self._orders.close()
        self._process.wait(30)


@cache
def forks() -> Forks:
    made = Forks()
    atexit.register(made.close)
    return made


def started(
    *arguments: str, env: dict[str, str], stdin: Stream = None, stdout: Stream = None, stderr: Stream = None
) -> Process:
    """A stream that is not given is nowhere."""
    with ExitStack() as stack:
        nowhere = stack.enter_context(Path(os.devnull).open("r+b"))
        return forks().start(arguments, env, [(each or nowhere).fileno() for each in (stdin, stdout, stderr)])


Done = subprocess.CompletedProcess[str]


def run(*arguments: str, env: dict[str, str], input: str = "", timeout: float = 120) -> Done:
    """A command that ends by itself, and what it said."""
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write(input.encode())
        for stream in (stdin, stdout, stderr):
            stream.seek(0)
        status = started(*arguments, env=env, stdin=stdin, stdout=stdout, stderr=stderr).wait(timeout)
        for stream in (stdout, stderr):
            stream.seek(0)
        return Done(arguments, status, stdout.read().decode(), stderr.read().decode())
