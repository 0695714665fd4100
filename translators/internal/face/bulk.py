"""Many patients in one request: stage by stage, some rows to a transaction.

Rows are taken one after another, as if each were a request of its own: a chart number belongs to the first row that
brings it in. What is remembered between stages is which row that was; everything else of a row is forgotten once it is
told what became of it.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any

from gateway.translation.face import Asked, Operation, Records, Stage
from gateway.translation.rows import Record
from translators.internal.face.bulk_rows import Given, Row, brought_in
from translators.internal.schema.bulk import BulkMeta, BulkPatientsIn, BulkPatientsOut

AT_ONCE = 50
"""Rows of one transaction."""
STATUSES = ("created", "updated", "skipped", "failed", "validated")
NEEDED = {"create": "sc", "upsert": "scu"}
"""What has to be allowed on patients at all, by mode; what is allowed on which patient is a matter of the row."""

DESCRIPTION = (
    "Rows are as for create, at most 10,000. Each is checked and written by itself: `results` tells in the order of "
    "the rows what became of each, and why one failed; `row` counts from 0. A chart number is brought in by one row "
    "only. With `meta.dry_run` everything is checked and nothing written, and a row that would be created names in "
    "`errors` what it has in common with patients who are there. With `meta.mode` `upsert` a row whose `chart_number` "
    "a patient has changes that patient: what the row gives is set, null clears, and `skipped` says that nothing had "
    "to be changed. A request that was interrupted goes on when it is sent again with the same Idempotency-Key."
)


def bulk(asked: Asked) -> Generator[Stage, Any, Record]:
    body: BulkPatientsIn = asked.body
    meta = body.meta or BulkMeta()
    results: list[Record] = []
    taken: dict[str, int] = {}
    for start in range(0, len(body.rows) or 1, AT_ONCE):
        rows = body.rows[start : start + AT_ONCE]
        told = yield partial(part, rows, start, meta, taken)
        taken |= numbers_taken(rows, told)
        results += told
    counts = Counter(result["status"] for result in results)
    return {"results": results, "total": len(results), **{status: counts[status] for status in STATUSES}}


def part(rows: Sequence[Given], start: int, meta: BulkMeta, taken: Mapping[str, int], records: Records) -> list[Record]:
    for action in NEEDED[meta.mode]:
        records.require("Patient", action)
    told: list[Record] = []
    taken = ChainMap({}, dict(taken))
    for number, given in enumerate(rows, start):
        row = Row(number, given, taken.get(chart_number(given) or ""))
        told.append(brought_in(records, row, meta))
        taken |= numbers_taken([given], told[-1:])
    return told


def numbers_taken(rows: Sequence[Given], told: Sequence[Record]) -> dict[str, int]:
    """A row that failed takes none, and the first that does not keeps it."""
    pairs = ((chart_number(given), result) for given, result in zip(rows, told, strict=True))
    return {number: result["row"] for number, result in pairs if number and result["status"] != "failed"}


def chart_number(given: Given) -> str | None:
    number = given.get("chart_number")
    return number if isinstance(number, str) and number.strip() else None


OPERATIONS = (
    Operation(
        "POST",
        "/patients/bulk",
        "post_patients_bulk",
        "Bulk import patients",
        "patients",
        stages=bulk,
        description=DESCRIPTION,
        body=BulkPatientsIn,
        answer=BulkPatientsOut,
        repeatable=True,
    ),
)
