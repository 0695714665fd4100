"""The internal REST API beside FHIR on the same server.

    python -m benchmarks.face [PATIENTS] [--rows N] [--only TEXT] [--profile FILE]

A database is filled with practice.py's patients (64,000). Then requests of both APIs and of a trivial route take turns
over one connection each, so that what else the machine does falls on all of them; last comes one bulk request, with
the peak of the server's memory before it and during it.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode

from rich.console import Console
from rich.table import Table

from benchmarks import practice
from benchmarks.gateway_process import ORG, Target, running
from benchmarks.measuring import Ask, Measured, asking
from benchmarks.population import Person
from benchmarks.scale import analyse
from benchmarks.server import TRIVIAL
from gateway.definitions import load
from gateway.settings import Settings
from gateway.store.contract import Transaction
from gateway.store.open import open_store

PATIENTS, ROWS, AT_ONCE = 64_000, 5_000, 1_000
ROUNDS, SECONDS = 4, 1.0
FACE, FHIR = f"/api/v1/{ORG}", f"/fhir/r4/{ORG}"
JSON, FHIR_JSON = "application/json", "application/fhir+json"
VISIBLE = "archived-at:missing=true"
"""What the lists of the API leave out."""


@dataclass(frozen=True)
class Filling:
    """Puts so many patients into the database."""

    patients: int

    async def __call__(self, settings: Settings) -> None:
        store = open_store(settings.database_url, load())
        try:
            await store.write(1, lambda tx: put(tx, practice.catalogue()))
            for start in range(0, self.patients, AT_ONCE):
                numbers = range(start, min(start + AT_ONCE, self.patients))
                await store.write(1, lambda tx, numbers=numbers: put(tx, map(practice.patient, numbers)))  # type: ignore[misc]
            await store.session_write(analyse)
        finally:
            await store.close()


def put(transaction: Transaction, resources: Iterable[dict[str, Any]]) -> None:
    for resource in resources:
        transaction.put(resource)


@dataclass
class Client:
    """One connection to the server, for what comes before and after the measurements."""

    target: Target

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.target.token}"}

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        with closing(HTTPConnection(self.target.host, self.target.port, timeout=900)) as connection:
            connection.request(method, path, sent, {**self.headers, "Content-Type": JSON})
            answer = connection.getresponse()
            told = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {told[:500]!r}")
        return json.loads(told)

    def cursor(self, pages: int) -> str:
        """Where the list stands after so many pages of 50."""
        after = ""
        for _ in range(pages):
            page = self.ask("GET", f"{FACE}/patients/cursor?first=50&{urlencode({'after': after} if after else {})}")
            after = page["page_info"]["end_cursor"]
        return after

    def memory_mb(self) -> float:
        """Of the server's own: what it reads of the database's file as memory is the machine's."""
        status = Path(f"/proc/{self.target.pid}/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0]) / 1024


class Peak(Thread):
    """Looks at the server's memory ten times a second."""

    def __init__(self, client: Client) -> None:
        super().__init__(daemon=True)
        self.client, self.mb, self.over = client, client.memory_mb(), Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.mb = max(self.mb, self.client.memory_mb())

    def __enter__(self) -> Peak:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


def varying(method: str, requests: Iterator[tuple[str, Any]], headers: dict[str, str], status: int) -> Ask:
    """Each time another request: a path, and what the body says."""

    def ask(connection: HTTPConnection) -> None:
        path, body = next(requests)
        asking(method, path, headers, None if body is None else json.dumps(body).encode(), status)(connection)

    return ask


@dataclass
class Kinds:
    """The requests that are measured."""

    client: Client
    patients: int

    def reading(self) -> Iterator[tuple[str, Ask]]:
        yield "trivial", asking("GET", TRIVIAL, {}, None, 200)
        yield "FHIR: read", self._get(FHIR, lambda p: f"Patient/p{p.number}")
        yield "API: read", self._get(FACE, lambda p: f"patients/p{p.number}")
        yield "FHIR: 50, sorted by name", self._get(FHIR, lambda p: f"Patient?{VISIBLE}&_sort=family&_count=50")
        yield (
            "FHIR: the same with total",
            self._get(FHIR, lambda p: f"Patient?{VISIBLE}&_sort=family&_count=50&_total=accurate"),
        )
        yield "API: list, page 1", self._get(FACE, lambda p: "patients")
        last = min(500, self.patients // 50)
        yield f"API: list, page {last}", self._get(FACE, lambda p: f"patients?page={last}")
        yield "API: list, prospective", self._get(FACE, lambda p: "patients?status=prospective")
        yield (
            "FHIR: name, first 50, total",
            self._get(
                FHIR, lambda p: f"Patient?name={quote(p.family)}&{VISIBLE}&_sort=family&_count=50&_total=accurate"
            ),
        )
        yield "API: list, a search word", self._get(FACE, lambda p: f"patients?search={quote(p.family)}")
        yield (
            "API: list, a chart number",
            self._get(FACE, lambda p: f"patients?search={practice.chart_number(p.number)}"),
        )
        yield "API: cursor, first page", self._get(FACE, lambda p: "patients/cursor?first=50")
        pages = min(100, self.patients // 50 - 1)
        yield f"API: cursor, page {pages + 1}", varying("GET", self._after(pages), self.client.headers, 200)
        yield "FHIR: name, first 20", self._get(FHIR, lambda p: f"Patient?name={quote(p.family[:3])}&_count=20")
        yield "API: typeahead", self._get(FACE, lambda p: f"patients/search?q={quote(p.family[:3])}")
        yield "API: counts by location", self._get(FACE, lambda p: "patients/counts/by-location")

    def writing(self) -> Iterator[tuple[str, Ask]]:
        fhir, api = ({**self.client.headers, "Content-Type": type} for type in (FHIR_JSON, JSON))
        numbers = itertools.count(1_000_000)
        yield "FHIR: create", varying("POST", ((f"{FHIR}/Patient", created(next(numbers))) for _ in numbers), fhir, 201)
        rows = ((f"{FACE}/patients", whole_row(next(numbers))) for _ in numbers)
        yield "API: create", varying("POST", rows, api, 201)
        people = self._people()
        yield "FHIR: update", varying("PUT", (self._updated(next(people)) for _ in numbers), fhir, 200)
        yield "API: patch", varying("PATCH", self._patches(), api, 200)

    def _get(self, base: str, path: Callable[[Person], str]) -> Ask:
        accept = {"Accept": FHIR_JSON} if base == FHIR else {}
        requests = ((f"{base}/{path(person)}", None) for person in self._people())
        return varying("GET", requests, {**self.client.headers, **accept}, 200)

    def _after(self, pages: int) -> Iterator[tuple[str, Any]]:
        yield from itertools.repeat((f"{FACE}/patients/cursor?first=50&after={quote(self.client.cursor(pages))}", None))

    def _people(self) -> Iterator[Person]:
        random = Random(7)  # noqa: S311
        while True:
            yield Person(random.randrange(self.patients))

    def _updated(self, person: Person) -> tuple[str, Any]:
        return f"{FHIR}/Patient/p{person.number}", practice.patient(person.number) | {"language": "en"}

    def _patches(self) -> Iterator[tuple[str, Any]]:
        """Of one patient again and again, whose version grows by one each time."""
        made = self.client.ask("POST", f"{FACE}/patients", whole_row(2_000_000), 201)
        for version in itertools.count(made["version"]):
            yield f"{FACE}/patients/{made['id']}", {"base_version": version, "treatment_notes": f"Visit {version}"}


def created(number: int) -> dict[str, Any]:
    return {name: value for name, value in practice.patient(number).items() if name != "id"}


def whole_row(number: int) -> dict[str, Any]:
    return practice.row(number) | {"chart_number": practice.chart_number(number)}


def measured(client: Client, kinds: Iterable[tuple[str, Ask]]) -> list[Measured]:
    found = [Measured(name, ask) for name, ask in kinds]
    for _ in range(ROUNDS):
        for each in found:
            each.run(client.target.host, client.target.port, SECONDS)
    return found


@dataclass(frozen=True)
class Bulk:
    """What one bulk request took."""

    rows: int
    seconds: float
    before: float
    peak: float

    def __str__(self) -> str:
        speed = f"{self.rows:,} rows in {self.seconds:.1f} s, {self.rows / self.seconds:,.0f} rows/s"
        return f"bulk: {speed}; {self.before:,.0f} MB of memory before, {self.peak:,.0f} MB at the peak"


def bulk(client: Client, rows: int) -> Bulk:
    body = {"meta": {"mode": "create"}, "rows": [whole_row(3_000_000 + at) for at in range(rows)]}
    before, started = client.memory_mb(), perf_counter()
    with Peak(client) as peak:
        told = client.ask("POST", f"{FACE}/patients/bulk", body)
    took = perf_counter() - started
    if told["created"] != rows:
        raise RuntimeError(f"of {rows} rows {told['created']} were created")
    return Bulk(rows, took, before, peak.mb)


def table(patients: int, found: list[Measured]) -> Table:
    shown = Table(title=f"{patients:,} patients, one connection, one request at a time, Hypercorn, SQLite")
    for heading in ("request", "p50 ms", "of trivial"):
        shown.add_column(heading, justify="left" if heading == "request" else "right")
    for each in found:
        shown.add_row(each.name, f"{each.p50 * 1000:.2f}", f"{each.p50 / found[0].p50:.1f}")
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description="The internal REST API beside FHIR on the same server.")
    parser.add_argument("patients", type=int, nargs="?", default=PATIENTS)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the bulk request; 0 for none")
    parser.add_argument("--profile", help="where cProfile writes what the server did")
    parser.add_argument("--only", default="", help="requests whose name has this in it, beside the trivial one")
    given, console = parser.parse_args(), Console(width=120)
    with console.status("Filling a database …"), running(Filling(given.patients), given.profile) as target:
        client = Client(target)
        kinds = Kinds(client, given.patients)
        wanted = [
            (name, ask) for name, ask in (*kinds.reading(), *kinds.writing()) if given.only in name or name == "trivial"
        ]
        console.print(table(given.patients, measured(client, wanted)))
        if given.rows:
            console.print(str(bulk(client, given.rows)))


if __name__ == "__main__":
    main()
