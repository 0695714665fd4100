"""What an export is asked for: the parameters of a kick-off, in the URL or in a Parameters resource.

Bulk Data Access 2.0.0, "Bulk Data Kick-off Request". What is not supported is refused, and with
`Prefer: handling=lenient` left out, which the answer then tells. A filter is never left out: more than was asked for
would come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import msgspec

from gateway.bulk.levels import Level, types_of
from gateway.definitions.contract import Definitions
from gateway.faults import Forbidden, Invalid, NotSupported
from gateway.interactions.subset import subset_of
from gateway.search.criteria import Authority
from gateway.search.dates import date_range
from gateway.search.parse import parse, printable
from gateway.search.query import Query

NDJSON = "application/fhir+ndjson"
FORMATS = frozenset({NDJSON, "application/ndjson", "ndjson"})
FILTER = re.compile(r"([A-Z][A-Za-z]*)\?(.+)", re.ASCII | re.DOTALL)
NEXT_FILTER = re.compile(r",(?=[A-Z][A-Za-z]*\?)", re.ASCII)
"""A comma parts two filters where a type follows it; elsewhere it parts values."""
MAX_FILTERS = 64
ELSEWHERE = frozenset({"_format", "_pretty"})
POST_ONLY = "patient"

Params = Sequence[tuple[str, str]]
Collect = Callable[[str, Params], None]


class ExportRequest(msgspec.Struct, frozen=True):
    """A kick-off, as its job keeps it."""

    url: str
    level: str
    scopes: str
    types: tuple[str, ...]
    since: int | None = None
    filters: tuple[tuple[str, str], ...] = ()
    """(type, query): of several for one type each is enough."""
    elements: tuple[str, ...] = ()
    patients: tuple[str, ...] | None = None
    """None: whichever there are."""
    warnings: tuple[str, ...] = ()
    """What the error file tells."""
    purposes: tuple[str, ...] = ()
    """The purposes of use that the client came with."""


@dataclass(slots=True)
class Kickoff:
    """The parameters read so far."""

    definitions: Definitions
    level: Level
    allows: Callable[[str], bool]
    """Whether the caller may read and search a type."""
    lenient: bool
    types: list[str] = field(default_factory=list)
    since: int | None = None
    filters: list[tuple[str, str]] = field(default_factory=list)
    elements: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def read(self, params: Params) -> None:
        for name, text in params:
            if name in ONCE and name in self._seen:
                raise Invalid(f"Give `{name}` once", name)
            self._seen.add(name)
            if name in READERS:
                READERS[name](self, text)
            elif name not in ELSEWHERE:
                self.unsupported(f"`{printable(name)}` is not supported by this server's $export", printable(name))
        self.types = self.types or self.permitted()

    def unsupported(self, text: str, name: str) -> None:
        if not self.lenient:
            raise NotSupported(f"{text}; leave it out, or send Prefer: handling=lenient", name)
        self.warnings.append(f"{text}; it was ignored")

    def permitted(self) -> list[str]:
        """All that the level exports and the scopes allow."""
        if "_type" in self._seen:
            raise Invalid("`_type` names no type that can be exported here", "_type")
        found = sorted(filter(self.allows, types_of(self.definitions, self.level)))
        if not found:
            raise Forbidden("The token's scopes allow no export: it needs system/TYPE.rs of the types to export")
        return found

    def set_format(self, text: str) -> None:
        # A "+" in a query is a blank.
        if text.replace(" ", "+") not in FORMATS:
            raise NotSupported(f"This server exports as {NDJSON} only", "_outputFormat")

    def set_since(self, text: str) -> None:
        try:
            self.since, _ = date_range(text.replace(" ", "+"))
        except ValueError:
            raise Invalid("Write `_since` as an instant, such as 2026-01-31T08:00:00Z", "_since") from None

    def add_types(self, text: str) -> None:
        exportable = types_of(self.definitions, self.level)
        for type in (part.strip() for part in text.split(",")):
            if type in self.types:
                continue
            if type not in exportable:
                where = "of this server" if self.level is Level.SYSTEM else "that this kind of export holds"
                self.unsupported(f"`_type`: {printable(type)} is no type {where}", "_type")
                continue
            self.require(type)
            self.types.append(type)

    def require(self, type: str) -> None:
        if not self.allows(type):
            raise Forbidden(f"The token's scopes do not allow this: it needs system/{type}.rs", "_type")

    def add_filters(self, text: str) -> None:
        for part in NEXT_FILTER.split(text):
            found = FILTER.fullmatch(part.strip())
            if found is None:
                raise Invalid("Write each `_typeFilter` as Type?parameter=value", "_typeFilter")
            self.filters.append((found[1], found[2]))
        if len(self.filters) > MAX_FILTERS:
            raise Invalid(f"Ask with at most {MAX_FILTERS} filters", "_typeFilter")

    def set_elements(self, text: str) -> None:
        self.elements = (*self.elements, *subset_of([("_elements", text)]).elements)

    def check_filters(self, collect: Collect) -> None:
        for type, text in self.filters:
            if type not in self.types:
                raise Invalid("`_typeFilter` is about a type that is not exported; name it in `_type`", "_typeFilter")
            collect(type, filter_params(text))


READERS: dict[str, Callable[[Kickoff, str], None]] = {
    "_outputFormat": Kickoff.set_format,
    "_since": Kickoff.set_since,
    "_type": Kickoff.add_types,
    "_typeFilter": Kickoff.add_filters,
    "_elements": Kickoff.set_elements,
}
ONCE = frozenset({"_outputFormat", "_since"})


def filter_params(text: str) -> Params:
    return parse_qsl(text, keep_blank_values=True)


def filter_query(
    definitions: Definitions, type: str, params: Params, *, base: str, now: int, authority: Authority
) -> Query:
    """The search that a `_typeFilter` is; "search result parameters SHALL NOT be used" in one."""
    for name, _ in params:
        if name.partition(":")[0] in RESULT_PARAMETERS:
            raise Invalid(
                f"A `_typeFilter` says which resources are wanted: leave {printable(name)} out", "_typeFilter"
            )
    query, unknown = parse(definitions, type, params, base=base, now=now, authority=authority)
    if unknown or not query.criteria:
        named = f"{printable(unknown[0])} is no search parameter" if unknown else "Nothing is searched for"
        raise Invalid(f"`_typeFilter`: {named}", "_typeFilter")
    return query


RESULT_PARAMETERS = frozenset(
    ("_count", "_sort", "_total", "_summary", "_elements", "_page", "_include", "_revinclude", "_format", "_pretty")
)
