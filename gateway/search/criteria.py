"""What a search asks of the resources it finds: `name:modifier=value`, chains and reverse chains (R4, 3.1.1.4).

    gender=male                               a parameter of the type searched
    subject:Patient.organization.name=x       a chain: of what a reference leads to
    _has:Observation:patient:code=x           a reverse chain: of what refers here
    _list=id                                  what a List has as its items: `_has:List:item:_id`

Every link of a chain looks into resources of another type, so the caller has to be allowed to search that type;
without an Authority (a conditional write) there are no chains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gateway.definitions.contract import Definitions, SearchParameter
from gateway.faults import ClientFault, Forbidden, Invalid, Issue, NotSupported, TooLarge
from gateway.search.plan import ID, LAST_UPDATED
from gateway.search.query import Chain, CompositeValue, Condition, Criterion, Either, TokenValue, Value
from gateway.search.text import fold_token
from gateway.search.values import LOGICAL_ID, READERS, Reading, of_type, phonetic, split, string, token

HAS, LIST, PHONETIC = "_has", "_list", "phonetic"
MAX_LENGTH, MAX_DEPTH, MAX_CONDITIONS, MAX_CODES = 2048, 8, 256, 5000
SHOWN = 64
"""Characters of a parameter's name that a message repeats."""
FOR_ALL = frozenset(("", "missing"))
MODIFIERS: Mapping[str, frozenset[str]] = {
    "token": FOR_ALL | {"not", "text", "in", "not-in"},
    "string": FOR_ALL | {"exact", "contains"},
    "reference": FOR_ALL | {"identifier"},
    "uri": FOR_ALL | {"above", "below"},
}
READ_AS: Mapping[str, Callable[[str, Reading], Value]] = {
    "text": string,
    "identifier": token,
    "of-type": of_type,
}
"""Modifiers under which a value is written otherwise than its parameter's kind says."""

Codes = Mapping[str, Sequence[str]]
"""System → codes."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What a search may look into, and the value sets it may name."""

    reaches: Callable[[str], bool]
    """Whether the caller may search resources of a type."""
    value_set: Callable[[str], Codes | None]


@dataclass(slots=True)
class Criteria:
    """Reads the criteria of one search."""

    definitions: Definitions
    base: str
    now: int
    authority: Authority | None
    conditions: int = field(default=0)

    def read(self, type: str, name: str, text: str, depth: int = 0) -> Condition | None:
        """None where the type, or all that a chain may lead to, has no such parameter."""
        self._bound(depth)
        if name.startswith(f"{HAS}:"):
            return self._reversed(type, name, text, depth)
        if name == LIST:
            return self._listed(type, text, depth)
        link, dot, rest = name.partition(".")
        code, _, modifier = link.partition(":")
        parameter = self.definitions.search_parameters(type).get(code)
        if parameter is None:
            return None
        if dot:
            return self._chained(type, parameter, modifier, rest, text, depth)
        return self._plain(parameter, modifier, text)

    def _bound(self, depth: int) -> None:
        self.conditions += 1
        if depth > MAX_DEPTH:
            raise too_costly(f"Chain at most {MAX_DEPTH} references.")
        if self.conditions > MAX_CONDITIONS:
            raise too_costly("The chain branches into too many types; name them, as in subject:Patient.name.")

    # --- chains -----------------------------------------------------------------------------------------------------

    def _chained(
        self, type: str, link: SearchParameter, modifier: str, rest: str, text: str, depth: int
    ) -> Condition | None:
        if link.kind != "reference":
            raise Invalid(f"`{link.code}` is no reference, so nothing can be chained to it.", link.code)
        branches = []
        refusal: Invalid | None = None
        for target in self._targets(link, modifier):
            try:
                then = self.read(target, rest, text, depth + 1)
            except Invalid as refused:
                refusal = refused
                continue
            if then is not None:
                branches.append(Chain(type, link.code, target, False, then))
        if refusal is not None and not branches:
            raise refusal
        return either(branches)

    def _targets(self, link: SearchParameter, modifier: str) -> Sequence[str]:
        """The types that the link may lead to, as far as the caller may search them."""
        if modifier:
            check_target(self.definitions, link, modifier)
            return (self._reached(modifier),)
        possible = sorted(self.definitions.served.intersection(link.targets or self.definitions.served))
        reached = [type for type in possible if self._authority().reaches(type)]
        if possible and not reached:
            self._reached(possible[0])
        return reached

    def _reversed(self, type: str, name: str, text: str, depth: int) -> Condition | None:
        _, source, code, *rest = [*name.split(":", 3), "", ""][:4]
        if not (source and code and rest[0]):
            raise Invalid("Write `_has:Type:reference:parameter=value`.", HAS)
        if source not in self.definitions.served:
            raise Invalid("`_has` names a type that this server does not have.", HAS)
        link = self.definitions.search_parameters(source).get(code)
        if link is None or link.kind != "reference":
            raise Invalid(f"`_has` names no reference parameter of {source}.", HAS)
        check_target(self.definitions, link, type)
        then = self.read(self._reached(source), rest[0], text, depth + 1)
        return Chain(source, code, type, True, then) if then is not None else None

    def _listed(self, type: str, text: str, depth: int) -> Condition | None:
        if text.startswith("$"):
            raise NotSupported("Lists that the server works out itself are not supported; give the id of a List.", LIST)
        return self.read(type, f"{HAS}:List:item:{ID}", text, depth + 1)

    def _reached(self, type: str) -> str:
        if not self._authority().reaches(type):
            raise Forbidden(f"The token's scopes do not allow this: it needs system/{type}.s")
        return type

    def _authority(self) -> Authority:
        if self.authority is None:
            raise NotSupported("References are not followed here; use parameters of the type itself.")
        return self.authority

    # --- one parameter ----------------------------------------------------------------------------------------------

    def _plain(self, parameter: SearchParameter, modifier: str, text: str) -> Criterion:
        code, kind = parameter.code, parameter.kind
        if kind not in READERS and not parameter.components:
            raise NotSupported(f"`{code}` is of kind {kind}, which is not supported.", code)
        target = self._target(parameter, modifier)
        if modifier == "missing":
            return Criterion(code, kind, modifier, (missing(code, text),))
        if modifier in ("in", "not-in"):
            return Criterion(code, kind, modifier, self._members(code, text))
        reading = Reading(self.definitions.all_types, self.base, self.now, target)
        values = tuple(self._value(parameter, modifier, part, reading) for part in split(text, ","))
        return Criterion(code, kind, "" if target else modifier, values)

    def _target(self, parameter: SearchParameter, modifier: str) -> str | None:
        """The type that a modifier of a reference names; NotSupported for a modifier that is not declared."""
        code, kind = parameter.code, parameter.kind
        if kind == "reference" and modifier in self.definitions.all_types:
            check_target(self.definitions, parameter, modifier)
            return modifier
        allowed = modifiers(parameter)
        if modifier not in allowed:
            raise NotSupported(f"The modifier of `{code}` is not supported; it takes {listed(allowed)}.", code)
        return None

    def _value(self, parameter: SearchParameter, modifier: str, text: str, reading: Reading) -> Value:
        code = parameter.code
        if not text:
            raise Invalid(f"`{code}` has an empty value; give one or leave the parameter out.", code)
        if len(text) > MAX_LENGTH:
            raise TooLarge(f"Write at most {MAX_LENGTH} characters a value.", code)
        if code == ID:
            return logical_id(text)
        try:
            if parameter.components:
                return composite(parameter, text, reading)
            return folded(parameter, READ_AS.get(modifier, reader_of(parameter))(text, reading))
        except ValueError as reason:
            raise Invalid(f"`{code}`: {reason}", code) from None

    def _members(self, code: str, text: str) -> tuple[Value, ...]:
        found = self.authority.value_set(text) if self.authority else None
        if found is None:
            raise NotSupported(f"`{code}`: this server cannot list the codes of that value set.", code)
        members = tuple(TokenValue(system, each) for system, codes in found.items() for each in codes)
        if len(members) > MAX_CODES:
            raise TooLarge(f"`{code}`: the value set has more than {MAX_CODES} codes.", code)
        return members


def too_costly(text: str) -> TooLarge:
    return TooLarge((Issue(text, (), "too-costly"),))


def either(branches: Sequence[Condition]) -> Condition | None:
    if not branches:
        return None
    return branches[0] if len(branches) == 1 else Either(tuple(branches))


def modifiers(parameter: SearchParameter) -> frozenset[str]:
    """The modifiers that a parameter takes, "" for none; a reference takes type names besides."""
    if parameter.code in (ID, LAST_UPDATED):
        return FOR_ALL
    if parameter.code == PHONETIC:
        return FOR_ALL
    allowed = MODIFIERS.get(parameter.kind, FOR_ALL)
    return allowed | {"of-type"} if parameter.kind == "token" and "identifier" in parameter.code else allowed


def reader_of(parameter: SearchParameter) -> Callable[[str, Reading], Value]:
    return phonetic if parameter.code == PHONETIC else READERS.get(parameter.kind, string)


def check_target(definitions: Definitions, link: SearchParameter, type: str) -> None:
    if type not in definitions.all_types or type not in (link.targets or definitions.all_types):
        known = f"it refers to {', '.join(link.targets)}" if link.targets else "it refers to resource types of R4"
        raise Invalid(f"`{link.code}` never refers to that type; {known}.", link.code)


def composite(parameter: SearchParameter, text: str, reading: Reading) -> CompositeValue:
    parts = split(text, "$")
    if len(parts) != 2 or not all(parts):
        raise ValueError("Write both parts, as first$second; a $ inside a part is escaped by a backslash.")
    kind = parameter.components[1].kind
    first = token(parts[0], reading)
    return CompositeValue(first, READERS[kind](parts[1], reading), kind)


def folded(parameter: SearchParameter, value: Value) -> Value:
    """As the index holds it."""
    if parameter.folded and isinstance(value, TokenValue) and value.code:
        return replace(value, code=fold_token(value.code))
    return value


def missing(code: str, text: str) -> TokenValue:
    if text not in ("true", "false"):
        raise Invalid(f"Write `{code}:missing` as true or false.", code)
    return TokenValue(None, text)


def logical_id(text: str) -> TokenValue:
    if LOGICAL_ID.fullmatch(text) is None:
        raise Invalid("Write `_id` as a logical id: letters, digits, - and ., at most 64 characters.", ID)
    return TokenValue(None, text)


def listed(modifiers: frozenset[str]) -> str:
    return ", ".join(f":{modifier}" for modifier in sorted(modifiers - {""})) or "none"


def printable(name: str) -> str:
    return "".join(character for character in name[:SHOWN] if character.isprintable())


@contextmanager
def naming(name: str) -> Iterator[None]:
    """What is wrong with a chain is told of the whole of it: the parameter that the client wrote."""
    try:
        yield
    except ClientFault as fault:
        if "." in name or name.startswith(HAS) or name == LIST:
            fault.issues = tuple(replace(issue, expression=(printable(name),)) for issue in fault.issues)
        raise
