"""Histories as one caller sees them.

What labels close is left out by the database, by what is put down of each labelled version as it is written, so that
pages and totals are right. For callers whose scopes reach only some resources of a type, versions are judged one by
one, as older versions are in no index; a total is told where the whole history is on one page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from sqlalchemy import Connection

from gateway.access.sight import Sight
from gateway.search.query import Query
from gateway.store.contract import Stored
from gateway.store.history_sql import HistoryPage, HistoryQuery, history_page, one_version
from gateway.store.labels_sql import requirements_in_use
from gateway.store.record_sql import current

AT_ONCE = 500


def seen_history(connection: Connection, org: int, query: HistoryQuery, sight: Sight) -> HistoryPage:
    if sight.unlimited:
        return history_page(connection, org, query)
    action = "r" if query.id is not None else "s"
    query = replace(
        query,
        types=tuple(type for type in query.types if sight.allows(type, action)),
        closed=closed(connection, org, sight),
    )
    if all(sight.reach(type, action) is None for type in query.types):
        return history_page(connection, org, query)
    return _Judged(connection, org, query, sight, action).page()


def closed(connection: Connection, org: int, sight: Sight) -> tuple[str, ...]:
    """Of what labels of the organisation require, what the caller does not have."""
    rule = sight.labels
    if rule is None:
        return ()
    return tuple(text for text in requirements_in_use(connection, org) if not rule.opens(frozenset(text.split())))


@dataclass(slots=True)
class _Judged:
    connection: Connection
    org: int
    query: HistoryQuery
    sight: Sight
    action: str
    known: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether what a resource is now, or was before it was deleted, is seen."""

    def page(self) -> HistoryPage:
        """The total is counted where that is one resource's, or all is on this page anyway."""
        one, count = self.query.id is not None, self.query.count
        found = list(self._seen(None if one else count + 1))
        total = len(found) if one or (len(found) <= count and self.query.after is None) else None
        if one:
            found = list(self._seen(count + 1)) if self.query.after is not None else found
        versions, more = found[:count], len(found) > count > 0
        return HistoryPage(versions, total, (versions[-1].updated, versions[-1].key) if more else None)

    def _seen(self, most: int | None) -> Iterator[Stored]:
        """All, whatever was on pages before, where there is no bound."""
        after = self.query.after if most is not None else None
        return islice((version for version in self._versions(after) if self._is_seen(version)), most)

    def _versions(self, after: tuple[int, int] | None) -> Iterator[Stored]:
        query = replace(self.query, count=AT_ONCE, with_total=False, within=self._limits(), after=after)
        while query.types:
            page = history_page(self.connection, self.org, query)
            yield from page.versions
            if page.after is None:
                return
            query = replace(query, after=page.after)

    def _limits(self) -> tuple[Query, ...]:
        """For the database to look no further than at resources that are inside the limit now, or deleted."""
        if self.query.id is not None:
            return ()
        limits = ((type, self.sight.reach(type, self.action)) for type in self.query.types)
        return tuple(Query(type, (limit,)) for type, limit in limits if limit is not None)

    def _is_seen(self, version: Stored) -> bool:
        name = version.type, version.id
        if name not in self.known:
            now = current(self.connection, self.org, *name)
            self.known[name] = now is not None and self._is_content_seen(now)
        return self.known[name] and self._is_content_seen(version)

    def _is_content_seen(self, version: Stored) -> bool:
        content: Stored | None = version
        if version.deleted:
            content = one_version(self.connection, self.org, version.type, version.id, version.version - 1)
        return content is not None and self.sight.sees(content, self.action)
