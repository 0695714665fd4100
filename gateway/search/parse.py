"""From the parameters of a search to a Query (R4, 3.1.1).

Unknown parameters are handed back for the caller to warn of or refuse; known ones that are wrong, or that ask for more
than is declared, are refused by name. A message names parameters, never values: those may be a patient's data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.definitions.contract import Definitions, SearchParameter
from gateway.faults import Invalid, NotSupported, TooLarge
from gateway.search.plan import ID, LAST_UPDATED, SORTABLE
from gateway.search.query import Criterion, Include, Query, SortKey, TokenValue, Value
from gateway.search.values import LOGICAL_ID, READERS, Reading, split

DEFAULT_COUNT, MAX_COUNT = 50, 1000
MAX_PARAMETERS, MAX_VALUES, MAX_LENGTH, MAX_SORT_KEYS, MAX_INCLUDES = 64, 512, 2048, 5, 20
SHOWN = 64
"""Characters of a parameter's name that a message repeats."""

MODIFIERS: Mapping[str, frozenset[str]] = {
    "token": frozenset(("", "missing", "not")),
    "string": frozenset(("", "missing", "exact", "contains")),
}
FOR_ALL = frozenset(("", "missing"))
ELSEWHERE = frozenset(("_format", "_pretty", "_page"))
"""Answered by other parts of the gateway; `_page` is the token of paging.py."""
NOT_HERE = frozenset(
    ("_has", "_revinclude", "_filter", "_query", "_list", "_text", "_content", "_contained", "_containedType", "_score")
)
ONCE = frozenset(("_count", "_sort", "_total", "_summary"))


def parse(
    definitions: Definitions, type: str, params: Sequence[tuple[str, str]], *, base: str, now: int
) -> tuple[Query, list[str]]:
    """The query, and the names of the parameters that this type does not have.

    `base` is the FHIR base whose absolute references are this store's own; `now`, in UTC microseconds, is for `ap`.
    """
    bounded(params)
    parsing = Parsing(definitions, type, base, now)
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


def printable(name: str) -> str:
    return "".join(character for character in name[:SHOWN] if character.isprintable())


@dataclass(slots=True)
class Parsing:
    """The parts of a query found so far."""

    definitions: Definitions
    type: str
    base: str
    now: int
    criteria: list[Criterion] = field(default_factory=list)
    sort: tuple[SortKey, ...] = ()
    includes: list[Include] = field(default_factory=list)
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
        code, _, modifier = name.partition(":")
        if name in ELSEWHERE:
            return
        if name in CONTROLS:
            self.once(name)
            CONTROLS[name](self, text)
        elif code in NOT_HERE or code in CONTROLS:
            raise NotSupported(f"`{printable(name)}` is not supported here; leave it out.", printable(name))
        else:
            self.criterion(name, code, modifier, text)

    def once(self, name: str) -> None:
        if name in ONCE and name in self.seen:
            raise Invalid(f"Give `{name}` once.", name)
        self.seen.add(name)

    # --- criteria ---------------------------------------------------------------------------------------------------

    def criterion(self, name: str, code: str, modifier: str, text: str) -> None:
        known = self.definitions.search_parameters(self.type)
        chained = code.partition(".")[0]
        if chained in known and "." in name:
            raise NotSupported(f"`{printable(name)}` chains parameters, which is not supported.", printable(name))
        if code not in known:
            self.unknown.append(name)
            return
        parameter = known[code]
        if parameter.kind not in READERS:
            raise NotSupported(f"`{code}` is of kind {parameter.kind}, which is not supported.", code)
        self.criteria.append(self.read(parameter, modifier, text))

    def read(self, parameter: SearchParameter, modifier: str, text: str) -> Criterion:
        target = self.target(parameter, modifier)
        if modifier == "missing":
            return Criterion(parameter.code, parameter.kind, modifier, (missing(parameter.code, text),))
        reading = Reading(self.definitions.all_types, self.base, self.now, target)
        values = tuple(self.value(parameter, part, reading) for part in split(text, ","))
        return Criterion(parameter.code, parameter.kind, "" if target else modifier, values)

    def target(self, parameter: SearchParameter, modifier: str) -> str | None:
        """The type that a modifier of a reference names; NotSupported for a modifier that is not declared."""
        code, kind = parameter.code, parameter.kind
        if kind == "reference" and modifier in self.definitions.all_types:
            if parameter.targets and modifier not in parameter.targets:
                raise Invalid(
                    f"`{code}` never refers to {modifier}; it refers to {', '.join(parameter.targets)}.", code
                )
            return modifier
        allowed = {""} if code in (ID, LAST_UPDATED) else MODIFIERS.get(kind, FOR_ALL)
        if modifier not in allowed:
            raise NotSupported(f"The modifier of `{code}` is not supported; it takes {listed(allowed)}.", code)
        return None

    def value(self, parameter: SearchParameter, text: str, reading: Reading) -> Value:
        if not text:
            raise Invalid(
                f"`{parameter.code}` has an empty value; give one or leave the parameter out.", parameter.code
            )
        if len(text) > MAX_LENGTH:
            raise TooLarge(f"Write at most {MAX_LENGTH} characters a value.", parameter.code)
        if parameter.code == ID:
            return logical_id(text)
        try:
            return READERS[parameter.kind](text, reading)
        except ValueError as reason:
            raise Invalid(f"`{parameter.code}`: {reason}", parameter.code) from None

    # --- what steers the answer -------------------------------------------------------------------------------------

    def set_count(self, text: str) -> None:
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise Invalid("Write `_count` as a whole number from 0.", "_count")
        self.count = min(int(text), MAX_COUNT)

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

    def add_include(self, text: str) -> None:
        source, _, rest = text.partition(":")
        code, _, target = rest.partition(":")
        if text == "*" or source != self.type:
            raise NotSupported(
                f"Write `_include` as {self.type}:parameter or {self.type}:parameter:Target.", "_include"
            )
        parameter = self.definitions.search_parameters(source).get(code)
        if parameter is None or parameter.kind != "reference":
            raise Invalid(f"`_include` names no reference parameter of {source}.", "_include")
        if target and target not in (parameter.targets or self.definitions.all_types):
            raise Invalid(f"`_include`: {source}:{code} does not refer to that type.", "_include")
        if len(self.includes) >= MAX_INCLUDES:
            raise TooLarge(f"Include by at most {MAX_INCLUDES} parameters.", "_include")
        self.includes.append(Include(source, code, target or None))


CONTROLS: dict[str, Callable[[Parsing, str], None]] = {
    "_count": Parsing.set_count,
    "_total": Parsing.set_total,
    "_summary": Parsing.set_summary,
    "_sort": Parsing.set_sort,
    "_include": Parsing.add_include,
}


def missing(code: str, text: str) -> TokenValue:
    if text not in ("true", "false"):
        raise Invalid(f"Write `{code}:missing` as true or false.", code)
    return TokenValue(None, text)


def logical_id(text: str) -> TokenValue:
    if LOGICAL_ID.fullmatch(text) is None:
        raise Invalid("Write `_id` as a logical id: letters, digits, - and ., at most 64 characters.", ID)
    return TokenValue(None, text)


def listed(modifiers: frozenset[str] | set[str]) -> str:
    return ", ".join(f":{modifier}" for modifier in sorted(modifiers - {""})) or "none"
