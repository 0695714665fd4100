"""How searches grow with the data: python -m benchmarks.scale [PATIENTS ...] [--only sqlite|postgresql]

For every number of patients (1,000, 8,000 and 64,000 where none is given) fills a database of each dialect with
population.py's people, an encounter and a coverage each, and compares the p50 of searches. The ratio is the last size's
to the first one's; each search tells how many matches it has on average, since some grow as the population does.
PostgreSQL is measured where the tests find a server.
"""

from __future__ import annotations

import asyncio
import resource as process
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path
from random import Random
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, text

from benchmarks.population import SYSTEM, Person, organisations
from gateway.definitions import load
from gateway.definitions.contract import Definitions
from gateway.faults import TooLarge
from gateway.search.criteria import Authority
from gateway.search.parse import parse
from gateway.search.query import Query
from gateway.store.contract import Transaction
from gateway.store.migrations import migrate
from gateway.store.open import open_store, system_clock
from gateway.store.store import SqlStore
from gateway.store.tables import Organisation
from tests.postgresql import NoServer, server

SIZES = (1_000, 8_000, 64_000)
AT_ONCE, COUNTED, BOUND = 1_000, 20, 1.35
WARM, SAMPLES, FEW = 40, 200, 50
EVERYTHING = Authority(reaches=lambda type: True, value_set=lambda url: None)
Params = list[tuple[str, str]]

BOUNDED: dict[str, tuple[str, Callable[[Person], Params]]] = {
    "name + birthdate": ("Patient", lambda p: [("name", p.family), ("birthdate", p.born)]),
    "identifier": ("Patient", lambda p: [("identifier", f"{SYSTEM}|{p.number}")]),
    "patient=": ("Encounter", lambda p: [("patient", f"Patient/p{p.number}")]),
    "chain: patient.identifier": ("Encounter", lambda p: [("patient.identifier", f"{SYSTEM}|{p.number}")]),
}
"""What must not grow."""
BESIDES: dict[str, tuple[str, Callable[[Person], Params]]] = {
    "name, first 20": ("Patient", lambda p: [("name", p.family), ("_count", "20")]),
    "chain: patient.name, first 20": ("Encounter", lambda p: [("patient.name", p.family), ("_count", "20")]),
    "_has:Encounter:patient:date, first 20": (
        "Patient", lambda p: [("_has:Encounter:patient:date", f"{p.seen:%Y-%m}"), ("_count", "20")],
    ),
    "depth 3: patient.organization.partof.name": (
        "Encounter", lambda p: [("patient.organization.partof.name", f"Region {p.clinic % 8}"), ("_count", "20")],
    ),
    "depth 4, and a family name": (
        "Coverage", lambda p: [
            ("beneficiary:Patient.organization.partof.partof.name", f"Network {p.clinic % 2}"),
            ("beneficiary:Patient.name", p.family), ("_count", "20"),
        ],
    ),
    "depth 3 backwards: _has, _has, chain": (
        "Organization", lambda p: [
            ("_has:Patient:organization:_has:Encounter:patient:date", f"{p.seen:%Y-%m}"), ("partof.name", "Region"),
        ],
    ),
    "depth 4 without a match": (
        "Encounter", lambda p: [("patient.organization.partof.partof.name", "Nowhere"), ("patient.name", p.family)],
    ),
    "depth 4, two that never meet": (
        "Encounter", lambda p: [
            ("patient.organization.partof.partof.name", "Network 0"), ("patient.organization.partof.name", "Region 1"),
            ("_count", "20"),
        ],
    ),
}  # fmt: skip
"""What may, as its matches do or its chains are long."""
SEARCHES = BOUNDED | BESIDES


@dataclass(frozen=True)
class Result:
    """What was measured of one database."""

    size: int
    p50: dict[str, float]
    """Milliseconds by search."""
    matches: dict[str, float]
    """How many there are on average, by search."""
    per_second: float
    """Resources, while loading."""
    megabytes: float
    memory: float
    """The process's peak, in MB: all databases were open in it."""


@asynccontextmanager
async def opened(url: str, definitions: Definitions) -> AsyncIterator[SqlStore]:
    migrate(url)
    store = open_store(url, definitions)
    try:
        yield store
    finally:
        await store.close()


async def fill(store: SqlStore, size: int) -> float:
    """Resources per second."""
    await store.session_write(lambda session: session.add(Organisation(id=1, slug="bench", name="bench", created=0)))
    await store.write(1, lambda tx: [tx.put(each) for each in organisations()])
    started = perf_counter()
    for start in range(0, size, AT_ONCE):
        await store.write(1, lambda tx, start=start: put(tx, range(start, min(start + AT_ONCE, size))))  # type: ignore[misc]
    took = perf_counter() - started
    await store.session_write(analyse)
    return 3 * size / took


def analyse(session: Session) -> None:
    """What autovacuum would do on PostgreSQL by itself."""
    if session.connection().dialect.name == "postgresql":
        session.connection().execute(text("ANALYZE"))


def put(transaction: Transaction, numbers: range) -> None:
    for number in numbers:
        for resource in Person(number).resources():
            transaction.put(resource)


def query(definitions: Definitions, name: str, person: Person, *more: tuple[str, str]) -> Query:
    type, params = SEARCHES[name]
    found, unknown = parse(
        definitions, type, [*params(person), *more], base="", now=system_clock(), authority=EVERYTHING
    )
    if unknown:
        raise RuntimeError(f"{name}: not every parameter is known")
    return found


async def measured(stores: Mapping[int, SqlStore], definitions: Definitions) -> dict[int, dict[str, float]]:
    """p50 by size and search. What must not grow is measured first, so that no long search empties the caches."""
    first = await taken(stores, definitions, BOUNDED, SAMPLES)
    then = await taken(stores, definitions, BESIDES, FEW)
    return {size: first[size] | then[size] for size in stores}


async def taken(
    stores: Mapping[int, SqlStore], definitions: Definitions, searches: Iterable[str], samples: int
) -> dict[int, dict[str, float]]:
    """Databases and searches take turns, so that what else the machine does falls on all of them alike."""
    took: dict[int, dict[str, list[float]]] = {size: {name: [] for name in searches} for size in stores}
    random = Random(7)  # noqa: S311
    for at in range(min(WARM, samples) + samples):
        for size, store in stores.items():
            person = Person(random.randrange(size))
            for name, times in took[size].items():
                asked = query(definitions, name, person)
                started = perf_counter()
                page = await store.search(1, asked)
                if at >= min(WARM, samples):
                    times.append((perf_counter() - started) * 1000)
                if name in BOUNDED and not page.matches:
                    raise RuntimeError(f"{name} found nothing")
    return {size: {name: median(times) for name, times in of_size.items()} for size, of_size in took.items()}


async def counted(store: SqlStore, definitions: Definitions, size: int) -> dict[str, float]:
    people = [Person(number) for number in Random(5).choices(range(size), k=COUNTED)]  # noqa: S311
    return {name: await matches_of(store, definitions, name, people) for name in SEARCHES}


async def matches_of(store: SqlStore, definitions: Definitions, name: str, people: Sequence[Person]) -> float:
    """How many there are on average; not a number where counting them is refused as too costly."""
    try:
        asked = [query(definitions, name, person, ("_total", "accurate")) for person in people]
        return mean([(await store.search(1, each)).total or 0 for each in asked])
    except TooLarge:
        return nan


def bytes_of(session: Session) -> int:
    statements = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        "postgresql": "SELECT pg_database_size(current_database())",
    }
    connection = session.connection()
    return int(connection.execute(text(statements[connection.dialect.name])).scalar_one())


async def results(urls: Mapping[int, str], definitions: Definitions) -> list[Result]:
    """Fills every database, then measures all."""
    loaded, found = {}, []
    async with AsyncExitStack() as opening:
        stores = {size: await opening.enter_async_context(opened(url, definitions)) for size, url in urls.items()}
        for size, store in stores.items():
            loaded[size] = await fill(store, size)
        p50, memory = await measured(stores, definitions), process.getrusage(process.RUSAGE_SELF).ru_maxrss / 1024
        for size, store in stores.items():
            matches, megabytes = await counted(store, definitions, size), await store.session_read(bytes_of) / 1e6
            found.append(Result(size, p50[size], matches, loaded[size], megabytes, memory))
    return found


def table(name: str, results: Sequence[Result]) -> Table:
    shown = Table(title=f"{name}: p50 in ms of {SAMPLES} searches (matches)")
    for heading in ("search", *(f"{each.size:,}" for each in results), "ratio"):
        shown.add_column(heading, justify="left" if heading == "search" else "right")
    for search, before in results[0].p50.items():
        ratio = results[-1].p50[search] / before
        colour = "dim" if search not in BOUNDED else "green" if ratio <= BOUND else "red"
        cells = (f"{each.p50[search]:.2f} ({each.matches[search]:,.0f})" for each in results)
        shown.add_row(search, *cells, f"[{colour}]{ratio:.2f}[/]")
    shown.add_row("loaded, resources/s", *(f"{each.per_second:,.0f}" for each in results), "")
    shown.add_row("database, MB", *(f"{each.megabytes:,.0f}" for each in results), "")
    shown.add_row("peak memory, MB", f"{results[-1].memory:,.0f}", *("" for _ in results))
    return shown


@contextmanager
def addresses(sizes: Sequence[int], only: str | None) -> Iterator[dict[str, list[str]]]:
    """An empty database of each dialect for each size."""
    found: dict[str, list[str]] = {}
    with TemporaryDirectory() as folder:
        if only != "postgresql":
            found["SQLite"] = [f"sqlite:///{Path(folder) / f'{at}.db'}" for at, _ in enumerate(sizes)]
        if only == "sqlite":
            yield found
            return
        try:
            with server() as running:
                yield {**found, "PostgreSQL": [running.url(running.create()) for _ in sizes]}
        except NoServer:
            yield found


def main() -> None:
    arguments = ArgumentParser(description="How searches grow with the data.")
    arguments.add_argument("patients", type=int, nargs="*", help="numbers of patients, the smallest first")
    arguments.add_argument("--only", choices=("sqlite", "postgresql"))
    given = arguments.parse_args()
    sizes, console, definitions = given.patients or SIZES, Console(), load()
    with addresses(sizes, given.only) as databases:
        for name, urls in databases.items():
            with console.status(f"Filling {name} …"):
                found = asyncio.run(results(dict(zip(sizes, urls, strict=True)), definitions))
            console.print(table(name, found))


if __name__ == "__main__":
    main()
