"""Charts in full: each patient's record, and the lists of their chart, read side by side.

A patient costs a call for each list. What a record says of when and in which version it was written is not kept with
it, and neither is the name of the patient: both are news of something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.translation.contract import Account, Flow, Part, Pulled, Whole
from gateway.translation.lens import Lens, ResourceMap
from gateway.translation.rows import Record
from translators.internal.bodies import related
from translators.internal.chart import CHART, DELETED, TYPES, Kind, gone
from translators.internal.custom_fields import KEY, PATIENT_WITH_FIELDS, PLACE, fields_of
from translators.internal.documents import unaccounted
from translators.internal.entity import RELATED
from translators.internal.lists import places_of, whole_lists
from translators.internal.patient import PATIENT
from translators.internal.wording import is_unlisted

BEFORE_ADMISSION = "prospective"
STORE_OWN = frozenset({"version", "created_at", "updated_at", "interaction_warnings", "abnormal_flags"})
PATIENTS = ("patient", "from_patient", "to_patient")
Lists = Mapping[str, list[Record] | None]
"""The place of a list → its rows; None where the EMR does not show it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a chart a pull is for; no types are all types."""

    types: frozenset[str] = frozenset()

    def is_for(self, type: str) -> bool:
        return not self.types or type in self.types

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(kind for kind in CHART if self.is_for(kind.type))

    @property
    def places(self) -> tuple[str, ...]:
        """The values of custom fields are the patient's own, who begins every chart."""
        return (*(kind.place for kind in self.kinds), PLACE)

    @property
    def reaches_charts(self) -> bool:
        return not self.types or bool(self.types & {"Patient", *TYPES})


def charts(
    account: Account, records: Sequence[Record], wanted: Wanted, asked: datetime | None, now: datetime
) -> Flow[tuple[Pulled, ...]]:
    """The entities that these patients' records refer to, each once, and then the patients."""
    lists = (yield from _lists(account, records, wanted)) if wanted.reaches_charts else [{} for _ in records]
    entities = tuple(_entities(account, records, lists, wanted))
    first = (Pulled(None, entities),) if entities else ()
    if not wanted.reaches_charts:
        return first
    return first + tuple(
        _chart(account, record, found, wanted, asked, now) for record, found in zip(records, lists, strict=True)
    )


def shown(kind: Kind, record: Record) -> Record:
    """A record of a chart as both sides know it."""
    kept = {name: value for name, value in record.items() if name not in STORE_OWN}
    for name in PATIENTS:
        if key := related(kept, name).get("id"):
            kept[name] = {"id": key}
    return kept


def _lists(account: Account, records: Sequence[Record], wanted: Wanted) -> Flow[list[Lists]]:
    names = wanted.places
    places = [place for record in records for place in places_of(account, record["id"], names)]
    keys = [KEY if name == PLACE else "id" for _ in records for name in names]
    found = yield from whole_lists(places, keys)
    width = len(names)
    return [
        dict(zip(names, found[start : start + width], strict=True)) for start in range(0, len(found), width or 1)
    ] or [{} for _ in records]


def _chart(
    account: Account, record: Record, lists: Lists, wanted: Wanted, asked: datetime | None, now: datetime
) -> Pulled:
    values = lists.get(PLACE)
    table, patient = (PATIENT, record) if values is None else (PATIENT_WITH_FIELDS, {**record, **fields_of(values)})
    parts = [Part(table.bound(account.bindings), record["id"], patient)]
    wholes, unknown = [], dict.fromkeys(unaccounted(record))
    for kind in wanted.kinds:
        rows, lens = lists.get(kind.place), kind.bound(account.bindings)
        unknown |= dict.fromkeys(f"{kind.place}.{name}" for row in rows or () for name in row if name not in kind.known)
        parts += [Part(lens, row["id"], shown(kind, row), match=kind.match) for row in rows or ()]
        if rows is not None and kind.whole:
            wholes.append(Whole(lens, gone(kind, now.isoformat()), once="" if kind.place == "alerts" else DELETED))
    return Pulled(
        record["id"],
        tuple(parts),
        unaccounted=tuple(unknown),
        admitted=record.get("status") != BEFORE_ADMISSION,
        asked=asked,
        wholes=tuple(wholes),
    )


def _entities(account: Account, records: Sequence[Record], lists: Iterable[Lists], wanted: Wanted) -> Iterator[Part]:
    seen: dict[tuple[str, str], Part] = {}
    for table, entity in (*_of_patients(records), *_of_charts(lists)):
        key: Any = entity.get("id")
        if not isinstance(key, str) or not entity.get("name") or is_unlisted(entity):
            continue  # of what has no name there would be nothing to tell but its key, which the reference tells
        if wanted.is_for(table.type) and (table.type, key) not in seen:
            lens: Lens = table.bound(account.bindings)
            seen[table.type, key] = Part(lens, key, {name: entity.get(name) for name in ("id", "name")})
    yield from seen.values()


def _of_patients(records: Sequence[Record]) -> Iterator[tuple[ResourceMap, Record]]:
    for record in records:
        yield from ((table, related(record, name)) for name, table in RELATED.items())


def _of_charts(lists: Iterable[Lists]) -> Iterator[tuple[ResourceMap, Record]]:
    for found in lists:
        for kind in CHART:
            for row in found.get(kind.place) or ():
                yield from ((table, related(row, name)) for name, table in kind.entities.items())
