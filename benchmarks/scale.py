"""How searches grow with the data: python -m benchmarks.scale [SMALL LARGE]

Fills two databases of each dialect with patients, an encounter and a coverage each, and compares the p50 of searches.
PostgreSQL is measured where the tests find a server.
"""

from __future__ import annotations

import asyncio
import resource as process
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, text

from gateway.definitions import load
from gateway.definitions.contract import Definitions, Resource
from gateway.faults import ClientFault
from gateway.search.parse import parse
from gateway.store.contract import Transaction
from gateway.store.migrations import migrate
from gateway.store.open import open_store, system_clock
from gateway.store.store import SqlStore
from gateway.store.tables import Organisation
from tests.postgresql import NoServer, server

SIZES = (1_000, 64_000)
AT_ONCE, SAMPLES, BOUND = 500, 200, 1.35
SYSTEM = "https://crm.example/id"
SYLLABLES = ("ba", "do", "fi", "ku", "le", "mo", "na", "pe", "ri", "so", "tu", "va")
Params = list[tuple[str, str]]


@dataclass(frozen=True)
class Person:
    """One of the patients, as a search would ask for them."""

    number: int

    @property
    def family(self) -> str:
        return "".join(Random(self.number).choices(SYLLABLES, k=5)).title()  # noqa: S311 — data, not secrets

    @property
    def born(self) -> str:
        return f"{1930 + self.number % 80}-{1 + self.number % 12:02}-{1 + self.number % 28:02}"

    def resources(self) -> Iterator[Resource]:
        id, to_patient = f"p{self.number}", {"reference": f"Patient/p{self.number}"}
        yield {
            "resourceType": "Patient", "id": id, "birthDate": self.born, "name": [{"family": self.family}],
            "identifier": [{"system": SYSTEM, "value": str(self.number)}],
        }  # fmt: skip
        yield {
            "resourceType": "Encounter", "id": f"e{self.number}", "status": "finished", "subject": to_patient,
            "class": {"code": "IMP"}, "period": {"start": "2026-01-01"},
        }  # fmt: skip
        yield {
            "resourceType": "Coverage", "id": f"c{self.number}", "status": "active", "beneficiary": to_patient,
            "payor": [{"display": "Sample Health"}],
        }  # fmt: skip

    def searches(self) -> dict[str, tuple[str, Params]]:
        return {
            "name + birthdate": ("Patient", [("name", self.family), ("birthdate", self.born)]),
            "identifier": ("Patient", [("identifier", f"{SYSTEM}|{self.number}")]),
            "patient=": ("Encounter", [("patient", f"Patient/p{self.number}")]),
            "chain": ("Encounter", [("patient.identifier", f"{SYSTEM}|{self.number}")]),
        }


@dataclass(frozen=True)
class Result:
    """What was measured of one database."""

    p50: dict[str, float]
    """Milliseconds by search."""
    megabytes: float
    memory: float
    """The process's peak so far, in MB."""


@asynccontextmanager
async def filled(url: str, definitions: Definitions, size: int) -> AsyncIterator[SqlStore]:
    migrate(url)
    store = open_store(url, definitions)
    await store.session_write(lambda session: session.add(Organisation(slug="bench", name="bench", created=0)))
    for start in range(0, size, AT_ONCE):
        await store.write(1, lambda tx, start=start: fill(tx, range(start, min(start + AT_ONCE, size))))  # type: ignore[misc]
    await store.session_write(lambda session: session.connection().execute(text("ANALYZE")) and None)
    yield store
    await store.close()


def fill(transaction: Transaction, numbers: range) -> None:
    for number in numbers:
        for resource in Person(number).resources():
            transaction.put(resource)


async def measured(store: SqlStore, definitions: Definitions, size: int) -> dict[str, float]:
    took: dict[str, list[float]] = {}
    for number in Random(7).choices(range(size), k=SAMPLES):  # noqa: S311
        for name, (type, params) in Person(number).searches().items():
            try:
                query, _ = parse(definitions, type, params, base="", now=system_clock())
            except ClientFault:
                continue  # this version of the gateway does not search so
            started = perf_counter()
            page = await store.search(1, query)
            took.setdefault(name, []).append((perf_counter() - started) * 1000)
            if not page.matches:
                raise RuntimeError(f"{name} found nothing")
    return {name: median(times) for name, times in took.items()}


def bytes_of(session: Session) -> int:
    statements = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        "postgresql": "SELECT pg_database_size(current_database())",
    }
    connection = session.connection()
    return int(connection.execute(text(statements[connection.dialect.name])).scalar_one())


async def result(url: str, definitions: Definitions, size: int) -> Result:
    async with filled(url, definitions, size) as store:
        p50 = await measured(store, definitions, size)
        megabytes = await store.session_read(bytes_of) / 1e6
    return Result(p50, megabytes, process.getrusage(process.RUSAGE_SELF).ru_maxrss / 1024)


def table(name: str, sizes: tuple[int, int], small: Result, large: Result) -> Table:
    shown = Table(title=f"{name}: p50 in ms of {SAMPLES} searches")
    for heading in ("search", *(f"{size:,} patients" for size in sizes), "ratio"):
        shown.add_column(heading, justify="left" if heading == "search" else "right")
    for search, before in small.p50.items():
        ratio = large.p50[search] / before
        colour = "green" if ratio <= BOUND else "red"
        shown.add_row(search, f"{before:.2f}", f"{large.p50[search]:.2f}", f"[{colour}]{ratio:.2f}[/]")
    shown.add_row("database, MB", f"{small.megabytes:,.0f}", f"{large.megabytes:,.0f}", "")
    shown.add_row("peak memory, MB", f"{small.memory:,.0f}", f"{large.memory:,.0f}", "")
    return shown


@contextmanager
def addresses() -> Iterator[dict[str, tuple[str, str]]]:
    """Two empty databases of each dialect."""
    with TemporaryDirectory() as folder:
        of_sqlite = (f"sqlite:///{Path(folder) / 'small.db'}", f"sqlite:///{Path(folder) / 'large.db'}")
        try:
            with server() as found:
                yield {"SQLite": of_sqlite, "PostgreSQL": (found.url(found.create()), found.url(found.create()))}
        except NoServer:
            yield {"SQLite": of_sqlite}


def main() -> None:
    given: Any = [int(argument) for argument in sys.argv[1:]]
    sizes: tuple[int, int] = tuple(given) if len(given) == 2 else SIZES
    console, definitions = Console(), load()
    with addresses() as databases:
        for name, urls in databases.items():
            with console.status(f"Filling {name} …"):
                small, large = (
                    asyncio.run(result(url, definitions, size)) for url, size in zip(urls, sizes, strict=True)
                )
            console.print(table(name, sizes, small, large))


if __name__ == "__main__":
    main()
