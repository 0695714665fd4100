"""What is there at one moment: several looks that agree with one another."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.search.query import Query
from gateway.store.contract import Page, Tally
from gateway.store.database import Driver
from gateway.store.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Look:
    """Over one snapshot, of one organisation."""

    org: int
    connection: Connection
    """For statements of SQLAlchemy's."""
    driver: Driver
    searcher: Searcher

    def search(self, query: Query) -> Page:
        return self.searcher.search(self.driver, self.org, query)

    def tally(self, query: Query, param: str) -> Tally:
        return self.searcher.tally(self.driver, self.org, query, param)
