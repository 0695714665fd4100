"""What a table of rows does with a record and a resource: the whole of a lens, and each element of a list.

Reading brings facts from a vendor record into a resource, writing takes them back. Writing has two passes, so that
PutGet holds whatever the order of the rows: first every row says what the resource says, then `settle` drops what the
record as it now reads still says and the resource does not. What a table cannot read, it does not see, and what it
does not see it never touches: a vendor value that no codec takes survives every PUT. Facts that are only written (an
SSN that the EMR does not give back) are the exception: what stands in the record is what we put there, and it goes when
the resource no longer has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.translation.codec import Unreadable
from gateway.translation.field import BoundField
from gateway.translation.path import Concrete, Match
from gateway.translation.row import Problem, Record, Resource, Row, Unplaceable, Way

Rows: TypeAlias = Sequence[Row]


def read(rows: Rows, record: Record, resource: Resource) -> list[Problem]:
    return [problem for row in rows if Way.READ in row.way for problem in row.into_fhir(record, resource)]


def absorb(rows: Rows, record: Record, base: Record | None, resource: Resource) -> list[Problem]:
    return [problem for row in rows if Way.READ in row.way for problem in row.absorb(record, base, resource)]


def write(rows: Rows, resource: Resource, record: Record, *, clear: bool) -> list[Row]:
    """Answers the rows that had no place in the record; values that no codec takes are known from `carried`."""
    homeless = []
    for row in rows:
        try:
            if Way.WRITE in row.way:
                row.into_vendor(resource, record, clear=clear)
        except Unplaceable:
            homeless.append(row)
        except Unreadable:
            continue
    if clear:
        _settle(rows, resource, record)
    return homeless


@dataclass(frozen=True, slots=True)
class Telling:
    """A row, and where a resource has to have something for it to say anything."""

    row: Row
    name: str = ""
    url: str = ""
    """Of an extension."""
    yields: bool = False
    """To what a row before has said: only the vendor writes this fact."""


def tellings(rows: Rows) -> tuple[Telling, ...]:
    """The rows that a push writes come first."""
    every = [_telling(row) for row in rows]
    return tuple(sorted(every, key=lambda telling: telling.yields))


def _telling(row: Row) -> Telling:
    yields = Way.WRITE not in row.way
    if not isinstance(row, BoundField):
        return Telling(row, yields=yields)
    first = row.fhir[0]
    match first.selector:
        case Match(alternatives=(((("url",), (str(url),))),)):
            return Telling(row, first.name, url, yields)
    return Telling(row, first.name, "", yields)


def told(telling: Sequence[Telling], resource: Resource) -> Record:
    """What the rows say of the resource, those that only the vendor writes included; one that cannot is silent."""
    record: Record = {}
    urls = {each.get("url") for each in resource.get("extension", ()) if isinstance(each, dict)}
    for each in telling:
        if (each.name and each.name not in resource) or (
            each.name == "extension" and each.url and each.url not in urls
        ):
            continue
        try:
            if not each.yields or each.row.vendor_value(record) is None:
                each.row.into_vendor(resource, record, clear=False)
        except Unreadable:
            continue
    return record


def _settle(rows: Rows, resource: Resource, record: Record) -> None:
    seen: Resource = {}
    read(rows, record, seen)
    for row in rows:
        if Way.WRITE in row.way:
            row.settle(resource, record, seen)


def carried(rows: Rows, resource: Resource) -> set[Concrete]:
    """What a push of these rows keeps; facts that the EMR assigns are not lost by it either."""
    kept: set[Concrete] = set()
    for row in rows:
        if Way.WRITE in row.way or row.owned:
            kept |= row.carried(resource)
    return kept
