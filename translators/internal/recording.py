"""The push of a chart's lists: each record that the EMR does not have is made, changed ones are amended or put away.

Create. Its `Idempotency-Key` is made of our own id alone; the same body is answered as before, so an answer that was
lost makes no second record. With another body the EMR refuses it: then a pull has to show first what there is.

Update. What the chart has changed since the record as last synced goes out with `base_version`, which the list tells;
on 409 the list is read again and the same changes are laid over, a bounded number of times. A list is read only where
something of it has changed.

A record that the EMR refuses stops no other one: it is named, with what would mend it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gateway.faults import EmrBusy, EmrNonsense
from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Reply, send
from gateway.translation.lens import LeftOut, Lens
from gateway.translation.rows import Record, Resource
from translators.internal.agreement import agreed
from translators.internal.bodies import related, same
from translators.internal.chart import CHART, DELETED, Archiving, Kind
from translators.internal.idempotency import idempotency_key
from translators.internal.lists import below, places_of, whole_lists
from translators.internal.naming import TO_MAP, catalogued, named
from translators.internal.operations import patients
from translators.internal.reading import shown
from translators.internal.vitals_values import VITALS

ATTEMPTS = 4
ALERTS, DISABLED = "alerts", "disabled"
DIGITS = frozenset(vital.key for vital in VITALS if not vital.whole)
"""Answered as text, so that every digit is kept, and taken as numbers."""
CONVERTED = tuple(f".valueQuantity.{part}" for part in ("value", "code", "unit"))
REFUSALS = frozenset({404, 409, 422})
VOID = frozenset({"entered-in-error", "not-done", "draft"})
EMR_TOO = "the EMR's staff have changed it as well, and the EMR wins"
FIXED = "the EMR keeps this as it was entered"
AWAY = "the EMR does not show this record any more; its API brings none back"
GONE = "the EMR does not know the patient, or something that the record refers to"
TAKEN = "the EMR has one from an earlier attempt in other words: pull, then push again"
INVALID = "the EMR finds the record invalid"
PRIMARY = "the EMR has a primary one already, or one from an earlier attempt in other words: pull, then push again"
UNKNOWN_OTHER = "the EMR does not have the other patient: push them first"


@dataclass(slots=True)
class Recorded:
    """What became of the lists."""

    links: dict[str, str] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of the chart as a record of a list."""

    kind: Kind
    lens: Lens
    place: str
    """`AllergyIntolerance/ID`."""
    resource: Resource
    """In the EMR's terms."""
    key: str | None
    base: Record | None

    def lost(self, reason: str, element: str = "", *, notable: bool = False) -> LeftOut:
        return LeftOut(f"{self.place}{element}", reason, notable)


@dataclass(slots=True)
class Lists:
    """The lists of the chart as the EMR has them now, each read once, where it is needed."""

    account: Account
    patient: str
    _read: dict[tuple[str, str], dict[str, Record]] = field(default_factory=dict)
    _catalogues: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, kind: Kind, owner: str, *, again: bool = False) -> Flow[Mapping[str, Record]]:
        if again or (owner, kind.place) not in self._read:
            (rows,) = yield from whole_lists(list(places_of(self.account, owner, [kind.place])))
            self._read[owner, kind.place] = {row["id"]: row for row in rows or ()}
        return self._read[owner, kind.place]

    def entries_of(self, kind: Kind) -> Flow[dict[str, str]]:
        """The entries of a catalogue that the API lists, by name."""
        if kind.searchable and kind.searchable not in self._catalogues:
            (rows,) = yield from whole_lists([below(self.account, kind.searchable)])
            self._catalogues[kind.searchable] = {str(row.get("name")).casefold(): row["id"] for row in rows or ()}
        return self._catalogues.get(kind.searchable, {})


def recorded(account: Account, chart: Chart, link: Linked, patient: str) -> Flow[Recorded]:
    """Make the EMR's lists agree with the chart, of a patient whom the EMR has."""
    done, lists = Recorded(), Lists(account, patient)
    for kind in CHART:
        for resource in chart.of(kind.type):
            entry = _entry(account, chart, link, patient, kind, resource)
            if not kind.is_of(resource):
                done.left_out.append(entry.lost(kind.instead))
            elif entry.key is None:
                yield from _make(account, entry, lists, done)
            else:
                yield from _keep_up(account, entry, lists, done)
    return done


def _entry(account: Account, chart: Chart, link: Linked, patient: str, kind: Kind, resource: Resource) -> Entry:
    place = f"{kind.type}/{resource['id']}"
    return Entry(
        kind,
        kind.bound(account.bindings),
        place,
        named(account, chart, link, patient, resource),
        link.keys.get(place),
        link.records.get(place),
    )


# --- making -----------------------------------------------------------------------------------------------------------


def _make(account: Account, entry: Entry, lists: Lists, done: Recorded) -> Flow[None]:
    kind = entry.kind
    record = entry.lens.merge(entry.resource).value
    if record.get(DELETED) or entry.resource.get("status") in VOID or _is_error(entry.resource):
        return  # what is out of use need not be made
    listed = yield from lists.entries_of(kind)
    whole = catalogued(account, kind, record, listed)
    if kind.catalogue and kind.catalogue not in whole:
        done.left_out.append(entry.lost(TO_MAP, notable=True))
        return
    owner = related(whole, kind.owner).get("id")
    if owner is None:
        done.left_out.append(entry.lost(UNKNOWN_OTHER, notable=True))
        return
    reply = yield from send(_create(account, entry, owner, whole))
    if reply.status in REFUSALS:
        done.left_out.append(entry.lost(_refusal(kind, reply), notable=True))
        return
    made = _record_of(reply)
    _agree(entry, made, done)
    done.left_out += _lost(entry)
    wanted = catalogued(account, kind, entry.lens.merge(entry.resource, onto=shown(kind, made)).value, listed)
    yield from _amend(account, entry, owner, made, _wish(entry, made, wanted), lists, done)


def _create(account: Account, entry: Entry, owner: str, record: Record) -> Call:
    return Call(
        "POST",
        patients(account, owner, entry.kind.place),
        json=as_numbers(entry.kind.creating(record)),
        headers={"Idempotency-Key": idempotency_key(account, entry.place)},
        accepts=REFUSALS,
    )


def _refusal(kind: Kind, reply: Reply) -> str:
    if reply.status == 409:
        return PRIMARY if kind.archiving is Archiving.BY_VERSION else TAKEN
    return GONE if reply.status == 404 else INVALID


# --- keeping up -------------------------------------------------------------------------------------------------------


def _keep_up(account: Account, entry: Entry, lists: Lists, done: Recorded) -> Flow[None]:
    """Without a base nothing is known to have been removed from the resource, so nothing is cleared."""
    kind, base = entry.kind, entry.base
    if base is None:
        owner = related(entry.lens.merge(entry.resource).value, kind.owner).get("id") or lists.patient
        current = (yield from lists.of(kind, owner)).get(entry.key or "")
        if current is None:
            done.left_out.append(entry.lost(AWAY))
            return
        known = shown(kind, current)
        wanted = entry.lens.merge(entry.resource, onto=known).value
    else:
        known, wanted = base, entry.lens.to_vendor(entry.resource, onto=base).value
    wanted = catalogued(account, kind, wanted, {})
    done.left_out += _fixed(entry, known, wanted)
    if _is_away(wanted) or _is_error(entry.resource):
        if not _is_away(known):
            yield from _put_away(account, entry, related(known, kind.owner).get("id") or lists.patient, lists, done)
        return
    if _is_away(known):
        done.left_out.append(entry.lost(AWAY))
        return
    wish = _wish(entry, known, wanted)
    if wish:
        owner = related(known, kind.owner).get("id") or lists.patient
        current = (yield from lists.of(kind, owner)).get(entry.key or "")
        if current is None:
            done.left_out.append(entry.lost(AWAY))
            return
        yield from _amend(account, entry, owner, current, wish, lists, done, base)


def _wish(entry: Entry, known: Record, wanted: Record) -> dict[str, Any]:
    """What an update has to say; null clears."""
    before, after = entry.kind.updating(known), entry.kind.updating(wanted)
    changed = (name for name in entry.kind.updated if not same(before.get(name), after.get(name)))
    return {name: after.get(name) for name in changed if name in after or name not in entry.kind.kept}


def _fixed(entry: Entry, known: Record, wanted: Record) -> Iterator[LeftOut]:
    before, after = entry.kind.creating(known), entry.kind.creating(wanted)
    if any(not same(before.get(name), after.get(name)) for name in entry.kind.fixed if name in after):
        yield entry.lost(FIXED)


def _amend(
    account: Account,
    entry: Entry,
    owner: str,
    current: Record,
    wish: Mapping[str, Any],
    lists: Lists,
    done: Recorded,
    base: Record | None = None,
) -> Flow[None]:
    first = base is not None and account.settings.get("conflict") == "emr"
    before = entry.kind.updating(base or {})
    for _ in range(ATTEMPTS):
        now = entry.kind.updating(current)
        due = {name: value for name, value in wish.items() if not same(now.get(name), value)}
        yielded = [name for name in due if first and not same(now.get(name), before.get(name))]
        due = {name: value for name, value in due.items() if name not in yielded}
        if not due:
            if yielded:
                done.left_out.append(entry.lost(EMR_TOO))
            return
        if entry.kind.place == ALERTS and due.get("status") == DISABLED:
            due = {"status": DISABLED}
        reply = yield from send(_update(account, entry, owner, current, due))
        if reply.status in (404, 422):
            done.left_out.append(entry.lost(_refusal(entry.kind, reply), notable=True))
            return
        if reply.status != 409:
            current = _record_of(reply)
            _agree(entry, current, done)
            # What was taken is not said again, though the EMR may spell it in its own way.
            wish = {name: value for name, value in wish.items() if name not in due}
            continue
        found = (yield from lists.of(entry.kind, owner, again=True)).get(current["id"])
        if found is None:
            done.left_out.append(entry.lost(AWAY))
            return
        current = found
    raise EmrBusy("others keep saving this chart in the EMR; the push is tried again later")


def _update(account: Account, entry: Entry, owner: str, current: Record, due: Mapping[str, Any]) -> Call:
    """An alert is disabled by an operation of its own."""
    place, key, version = entry.kind.place, current["id"], current.get("version")
    if place == ALERTS and due.get("status") == DISABLED:
        at = patients(account, owner, place, key, "disable")
        return Call("POST", at, json={"base_version": version}, accepts=REFUSALS)
    body = {**as_numbers(due), "base_version": version}
    return Call("PATCH", patients(account, owner, place, key), json=body, accepts=REFUSALS)


def _put_away(account: Account, entry: Entry, owner: str, lists: Lists, done: Recorded) -> Flow[None]:
    kind, key = entry.kind, entry.key or ""
    if kind.archiving is Archiving.NEVER:
        done.left_out.append(entry.lost(FIXED))
        return
    for attempt in range(ATTEMPTS):
        current = (yield from lists.of(kind, owner, again=attempt > 0)).get(key)
        if current is None:
            return  # it is away already
        query = (("base_version", str(current["version"])),) if kind.archiving is Archiving.BY_VERSION else ()
        place = patients(account, owner, kind.place, key, "archive")
        reply = yield from send(Call("POST", place, query, accepts=REFUSALS))
        if reply.status == 409:
            continue
        if reply.status != 422:
            done.links[entry.place] = key
            done.records[entry.place] = entry.lens.to_vendor(entry.resource, onto=shown(kind, current)).value
            return
        done.left_out.append(entry.lost(INVALID, notable=True))
        return
    raise EmrBusy("others keep saving this chart in the EMR; the push is tried again later")


# --- records ----------------------------------------------------------------------------------------------------------


def as_numbers(body: Mapping[str, Any]) -> Record:
    return {name: Decimal(v) if name in DIGITS and isinstance(v, str) else v for name, v in body.items()}


def _agree(entry: Entry, record: Record, done: Recorded) -> None:
    done.links[entry.place] = record["id"]
    done.records[entry.place] = agreed(entry.lens, entry.resource, shown(entry.kind, record))


def _lost(entry: Entry) -> Iterator[LeftOut]:
    """What no field of the EMR carries. A quantity in another unit is carried as what it comes to in the EMR's."""
    for lost in entry.lens.unmapped(entry.resource):
        if not lost.expression.endswith(CONVERTED):
            yield LeftOut(lost.expression.replace(entry.kind.type, entry.place, 1), lost.reason)


def _record_of(reply: Reply) -> Record:
    record = reply.json()
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise EmrNonsense("the EMR answered with something that is not a record")
    return record


def _is_away(record: Record) -> bool:
    return bool(record.get(DELETED)) or record.get("status") == "archived"


def _is_error(resource: Resource) -> bool:
    codings = (resource.get("verificationStatus") or {}).get("coding", ())
    return resource.get("status") == "entered-in-error" or any(
        coding.get("code") == "entered-in-error" for coding in codings
    )
