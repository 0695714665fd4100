"""From the parameters of a search to a Query (R4, 3.1.1).

Unknown parameters are handed back for the caller to warn of or refuse; known ones that are wrong, or that ask for more
than is declared, are refused by name. A message names parameters, never values: those may be a patient's data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.definitions.contract import Definitions
from gateway.faults import Invalid, NotSupported, TooLarge
from gateway.search import includes
from gateway.search.criteria import HAS, MAX_LENGTH, SHOWN, Authority, Criteria, naming, printable
from gateway.search.includes import INCLUDE, REVINCLUDE
from gateway.search.plan import SORTABLE
from gateway.search.query import Condition, Include, Query, SortKey

__all__ = ["NOT_HERE", "Authority", "parse", "printable"]

DEFAULT_COUNT, MAX_COUNT = 50, 1000
MAX_PARAMETERS, MAX_VALUES, MAX_SORT_KEYS, MAX_INCLUDES = 64, 512, 5, 20

ELSEWHERE = frozenset(("_format", "_pretty", "_page", "_elements"))
"""Answered by other parts of the gateway; `_page` is the token of paging.py."""
NOT_HERE = frozenset(("_filter", "_query", "_text", "_content", "_contained", "_containedType", "_score", "_type"))
ONCE = frozenset(("_count", "_sort", "_total", "_summary", "_elements", "_page"))


def parse(
    definitions: Definitions,
    type: str,
    params: Sequence[tuple[str, str]],
    *,
    base: str,
    now: int,
    authority: Authority | None = None,
) -> tuple[Query, list[str]]:
    """The query, and the names of the parameters that this type does not have.

    `base` is the FHIR base whose absolute references are this store's own; `now`, in UTC microseconds, is for `ap`.
    Without an `authority` no reference is followed and no value set known.
    """
    bounded(params)
    parsing = Parsing(definitions, type, Criteria(definitions, base, now, authority))
    for name, text in params:
        parsing.add(name, text)
    return parsing.query(), parsing.unknown


def bounded(params: Sequence[tuple[str, str]]) -> None:
    if len(params) > MAX_PARAMETERS:
        raise TooLarge(f"Ask with at most {MAX_PARAMETERS} parameters.")
    if sum(1 + text.count(",") for _, text in params) > MAX_VALUES:
        raise TooLarge(f"Ask for at most {MAX_VALUES} values; split the search.")
    for name, text in params:
        if len(name) > MAX_LENGTH or len(text) > MAX_LENGTH * MAX_VALUES:
            raise TooLarge(f"Write at most {MAX_LENGTH} characters a value.", name[:SHOWN])
        if not all(map(storable, (name, text))):
            raise Invalid("Leave out NUL and unpaired surrogate characters.", printable(name))


def storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(slots=True)
class Parsing:
    """The parts of a query found so far."""

    definitions: Definitions
    type: str
    reader: Criteria
    criteria: list[Condition] = field(default_factory=list)
    sort: tuple[SortKey, ...] = ()
    includes: list[Include] = field(default_factory=list)
    include_parameters: int = 0
    count: int = DEFAULT_COUNT
    want_total: bool = False
    only_count: bool = False
    unknown: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def query(self) -> Query:
        count = 0 if self.only_count else self.count
        includes = tuple(dict.fromkeys(self.includes))
        return Query(self.type, tuple(self.criteria), self.sort, includes, count, None, self.want_total or count == 0)

    def add(self, name: str, text: str) -> None:
        code, _, _ = name.partition(":")
        self.once(name)
        if name in ELSEWHERE:
            return
        if name in CONTROLS:
            CONTROLS[name](self, text)
        elif code in INCLUDES:
            self.add_includes(name, text)
        elif code in NOT_HERE or code in CONTROLS or name == HAS:
            raise NotSupported(f"`{printable(name)}` is not supported here; leave it out.", printable(name))
        else:
            self.criterion(name, text)

    def once(self, name: str) -> None:
        if name in ONCE and name in self.seen:
            raise Invalid(f"Give `{name}` once.", name)
        self.seen.add(name)

    def criterion(self, name: str, text: str) -> None:
        with naming(name):
            condition = self.reader.read(self.type, name, text)
        if condition is None:
            self.unknown.append(name)
        else:
            self.criteria.append(condition)

    # --- what steers the answer -------------------------------------------------------------------------------------

    def set_count(self, text: str) -> None:
        if not (text.isascii() and text.isdigit()):
            raise Invalid("Write `_count` as a whole number from 0.", "_count")
        self.count = MAX_COUNT if is_beyond(text) else int(text.lstrip("0") or "0")

    def set_total(self, text: str) -> None:
        if text not in ("none", "estimate", "accurate"):
            raise Invalid("Write `_total` as none, estimate or accurate.", "_total")
        self.want_total = text != "none"

    def set_summary(self, text: str) -> None:
        if text not in ("true", "false", "text", "data", "count"):
            raise Invalid("Write `_summary` as true, false, text, data or count.", "_summary")
        self.only_count = text == "count"

    def set_sort(self, text: str) -> None:
        keys = dict.fromkeys(self.sort_key(part) for part in text.split(","))
        if len(keys) > MAX_SORT_KEYS:
            raise TooLarge(f"Sort by at most {MAX_SORT_KEYS} parameters.", "_sort")
        self.sort = tuple(keys)

    def sort_key(self, text: str) -> SortKey:
        parameter = self.definitions.search_parameters(self.type).get(text.removeprefix("-"))
        if parameter is None:
            raise Invalid(f"`_sort` names a parameter that {self.type} does not have.", "_sort")
        if parameter.kind not in SORTABLE:
            raise NotSupported(f"Sorting by `{parameter.code}` is not supported.", "_sort")
        return SortKey(parameter.code, parameter.kind, text.startswith("-"))

    def add_includes(self, name: str, text: str) -> None:
        code, _, modifier = name.partition(":")
        if modifier not in ("", "iterate"):
            raise NotSupported(f"The modifier of `{code}` is not supported; it takes :iterate.", printable(name))
        self.include_parameters += 1
        if self.include_parameters > MAX_INCLUDES:
            raise TooLarge(f"Include by at most {MAX_INCLUDES} parameters.", name)
        self.includes += INCLUDES[code](self.definitions, self.type, text, name, iterate=modifier != "")


def is_beyond(count: str) -> bool:
    """Whether a page of so many is more than is given at once."""
    digits = count.lstrip("0")
    return len(digits) > len(str(MAX_COUNT)) or int(digits or "0") > MAX_COUNT


CONTROLS: dict[str, Callable[[Parsing, str], None]] = {
    "_count": Parsing.set_count,
    "_total": Parsing.set_total,
    "_summary": Parsing.set_summary,
    "_sort": Parsing.set_sort,
}
INCLUDES = {INCLUDE: includes.include, REVINCLUDE: includes.revinclude}
