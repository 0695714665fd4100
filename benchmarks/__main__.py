"""Measures the gateway against a trivial Starlette route on the same server and prints a table.

Rounds alternate between the kinds of requests, so that what else the machine does falls on all of them.
"""

from __future__ import annotations

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.gateway_process import PATIENT, Target, running
from benchmarks.measuring import Measured, asking
from benchmarks.server import TRIVIAL

ROUNDS, SECONDS = 4, 1.2


def kinds(target: Target) -> list[Measured]:
    bearer = {"Authorization": f"Bearer {target.token}", "Accept": "application/fhir+json"}
    sending = {**bearer, "Content-Type": "application/fhir+json"}
    body = msgspec.json.encode(PATIENT)
    return [
        Measured("trivial GET", asking("GET", TRIVIAL, {}, None, 200)),
        Measured("GET Patient/ID", asking("GET", f"{target.base}/Patient/{target.patient}", bearer, None, 200)),
        Measured("POST Patient", asking("POST", f"{target.base}/Patient", sending, body, 201)),
    ]


def table(measured: list[Measured]) -> Table:
    shown = Table(title="One connection, one request at a time, Hypercorn, SQLite")
    for heading in ("request", "requests/s", "p50 ms", "of trivial"):
        shown.add_column(heading, justify="left" if heading == "request" else "right")
    trivial = measured[0]
    for each in measured:
        ratio = each.per_second / trivial.per_second
        shown.add_row(each.name, f"{each.per_second:,.0f}", f"{each.p50 * 1000:.2f}", f"{ratio:.0%}")
    return shown


def main() -> None:
    console = Console()
    with console.status("Starting a gateway …"), running() as target:
        measured = kinds(target)
        for _ in range(ROUNDS):
            for each in measured:
                each.run(target.host, target.port, SECONDS)
    console.print(table(measured))


if __name__ == "__main__":
    main()
