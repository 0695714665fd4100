"""Databases for tests: one made for a whole run, and a copy of it for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import copyfile

from tests.postgresql import Server

DIALECTS = ("sqlite", "postgresql")
Copies = Callable[["Original"], str]


@dataclass(frozen=True)
class Original:
    """A database that no test writes to."""

    url: str
    server: Server | None
    """Where it lives, if not in a file."""

    @contextmanager
    def copy(self, folder: Path) -> Iterator[str]:
        """The address of a copy, in the folder or on the server."""
        if self.server is None:
            path = next(path for number in count() if not (path := folder / f"copy-{number}.db").exists())
            copyfile(self.url.removeprefix("sqlite:///"), path)
            yield f"sqlite:///{path}"
            return
        name = self.server.create(self.url.partition("?")[0].rpartition("/")[2])
        yield self.server.url(name)
        self.server.drop(name)


def empty(server: Server | None, folder: Path) -> Original:
    """One without a table."""
    if server is None:
        return Original(f"sqlite:///{folder / 'original.db'}", None)
    return Original(server.url(server.create()), server)
