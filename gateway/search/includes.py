"""`_include` and `_revinclude` (R4, 3.1.1.5.12): what is added to the matches, by which references.

_include=Observation:subject[:Patient]       what the matches refer to
_revinclude=Observation:subject[:Patient]    what refers to the matches
Type:* and *                                 by every reference of the type, or of any
_include:iterate                             of what is included too, not of the matches alone
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.definitions.contract import Definitions, SearchParameter
from gateway.faults import Invalid, NotSupported
from gateway.search.query import Include

INCLUDE, REVINCLUDE = "_include", "_revinclude"
EVERY = "*"


def include(definitions: Definitions, searched: str, text: str, name: str, *, iterate: bool) -> Iterator[Include]:
    """Of what the matches, or with `iterate` the included too, refer to."""
    source, _, rest = text.partition(":")
    code, _, target = rest.partition(":")
    if text == EVERY:
        source, code = searched, EVERY
    if source != searched and not (iterate and source in definitions.served):
        raise NotSupported(f"Write `{name}` as {searched}:parameter or {searched}:parameter:Target.", name)
    if code != EVERY:
        check_target(definitions, reference(definitions, source, code, name), target, name)
    elif target and target not in definitions.all_types:
        raise Invalid(f"`{name}` names a type that R4 does not have.", name)
    yield Include(source, code, target or None, False, iterate)


def revinclude(definitions: Definitions, searched: str, text: str, name: str, *, iterate: bool) -> Iterator[Include]:
    """Of what refers to the matches, or with `iterate` to the included too; `*` becomes every parameter there is."""
    source, _, rest = text.partition(":")
    code, _, target = rest.partition(":")
    if text == EVERY:
        code = EVERY
    elif source not in definitions.served:
        raise Invalid(f"`{name}` names a type that this server does not have.", name)
    wanted = target or ("" if iterate else searched)
    if code != EVERY:
        check_target(definitions, reference(definitions, source, code, name), wanted, name)
        yield Include(source, code, target or None, True, iterate)
        return
    for each in sorted(definitions.served) if text == EVERY else (source,):
        for parameter in references(definitions, each):
            if wanted in ("", *(parameter.targets or (wanted,))):
                yield Include(each, parameter.code, target or None, True, iterate)


def references(definitions: Definitions, type: str) -> list[SearchParameter]:
    """By code."""
    found = [p for p in definitions.search_parameters(type).values() if p.kind == "reference"]
    return sorted(found, key=lambda parameter: parameter.code)


def reference(definitions: Definitions, source: str, code: str, name: str) -> SearchParameter:
    parameter = definitions.search_parameters(source).get(code)
    if parameter is None or parameter.kind != "reference":
        raise Invalid(f"`{name}` names no reference parameter of {source}.", name)
    return parameter


def check_target(definitions: Definitions, parameter: SearchParameter, target: str, name: str) -> None:
    if target and target not in (parameter.targets or definitions.all_types):
        raise Invalid(f"`{name}`: {parameter.code} does not refer to that type.", name)
