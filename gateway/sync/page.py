"""What the charts of one page share while they are applied: their links, read at once, and what was said already.

A page of fifty charts names the same few beds, payers and referrers hundreds of times. What one chart has brought need
not be looked at again for the next one, unless that says something else of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from gateway.definitions.contract import Resource
from gateway.sync import deliveries, links, waiting
from gateway.sync.identity import same_person
from gateway.sync.tables import Link
from gateway.sync.waiting import WaitingChart
from gateway.translation.contract import Part, Pulled

BATCH = 400
Key = tuple[str, str]
"""Type and external key."""


@dataclass(slots=True)
class PageMemory:
    """Of one page, within its transaction. `forget` after a rollback: what a chart had done is undone."""

    session: Session
    connection: int
    _links: dict[Key, Link | None] = field(default_factory=dict)
    _said: dict[Key, Part] = field(default_factory=dict)
    _waiting: dict[str, WaitingChart] | None = None
    _awaited: bool | None = None
    _charts: tuple[Pulled, ...] = ()

    def read_ahead(self, charts: Sequence[Pulled]) -> None:
        wanted: dict[str, dict[str, None]] = {}
        self._charts = tuple(charts)
        for pulled in self._charts:
            for type, key in _keys(pulled):
                wanted.setdefault(type, {})[key] = None
        for type, keys in wanted.items():
            self._links |= dict.fromkeys(((type, key) for key in keys), None)
            self._links |= {(type, link.external_key or ""): link for link in self._found(type, list(keys))}

    def _found(self, type: str, keys: list[str]) -> list[Link]:
        wanted = select(Link).where(Link.connection == self.connection, Link.type == type)
        return [
            link
            for start in range(0, len(keys), BATCH)
            for link in self.session.exec(wanted.where(col(Link.external_key).in_(keys[start : start + BATCH])))
        ]

    def link(self, type: str, key: str) -> Link | None:
        if (type, key) not in self._links:
            self._links[type, key] = links.by_external(self.session, self.connection, type, key)
        return self._links[type, key]

    def keep(self, link: Link) -> None:
        """Written with the next flush: at the latest at the end of its chart."""
        self.session.add(link)
        if link.external_key is not None:
            self._links[link.type, link.external_key] = link

    @property
    def somebody_waits(self) -> bool:
        """Patients went out to the EMR whose records it has not shown; there are only fewer as the page goes on."""
        if self._awaited is None:
            awaited = links.awaiting(self.session, self.connection)
            self._awaited = bool(awaited or deliveries.outstanding(self.session, self.connection))
        return self._awaited

    def wait(self, key: str, missing: str, now: int) -> None:
        """A chart of nobody that cannot be taken yet."""
        row = self._charts_waiting.get(key) or WaitingChart(connection=self.connection, key=key, missing="", since=now)
        row.missing = missing
        self.session.add(row)
        self._charts_waiting[key] = row

    def wait_no_more(self, key: str) -> None:
        if (row := self._charts_waiting.pop(key, None)) is not None:
            self.session.delete(row)

    @property
    def _charts_waiting(self) -> dict[str, WaitingChart]:
        if self._waiting is None:
            keys = [pulled.patient_key for pulled in self._charts if pulled.patient_key is not None]
            self._waiting = waiting.of(self.session, self.connection, keys)
        return self._waiting

    def has_said(self, part: Part) -> bool:
        """A chart before this one has brought the same."""
        before = self._said.get((part.lens.type, part.key))
        return before is not None and (before.record, before.references) == (part.record, part.references)

    def said(self, part: Part) -> None:
        self._said[part.lens.type, part.key] = part

    def has_twin(self, pulled: Pulled) -> bool:
        """Another chart of the page, nobody's yet, has the same name and birth date."""
        others = (c for c in self._charts if c.patient_key not in (None, pulled.patient_key) and c.parts)
        return any(c.local_id is None and same_person(_person(c), _person(pulled)) for c in others if self._is_new(c))

    def _is_new(self, pulled: Pulled) -> bool:
        return pulled.patient_key is not None and self.link("Patient", pulled.patient_key) is None

    def forget(self) -> None:
        self._links.clear()
        self._said.clear()
        self._waiting = None


def _person(pulled: Pulled) -> Resource:
    return pulled.parts[0].lens.to_fhir(pulled.parts[0].record).value


def _keys(pulled: Pulled) -> Iterable[Key]:
    if pulled.patient_key is not None:
        yield "Patient", pulled.patient_key
    for part in pulled.parts:
        yield part.lens.type, part.key
