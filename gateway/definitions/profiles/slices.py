"""Which slice an item belongs to (https://hl7.org/fhir/R4/profiling.html#discriminator)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.definitions.profiles.nodes import Node
from gateway.definitions.profiles.values import Codes, among, fits_pattern

Belongs = Callable[[str, Any], bool]
"""Given the type and the value of an item."""
FitsProfile = Callable[[str, Any], bool]
"""Whether a value satisfies the profile of that url."""


def never(type: str, value: Any) -> bool:
    return False


def belongs_to(slice: Node, by: list[str], codes: Mapping[str, Codes], fits: FitsProfile) -> Belongs:
    """The test of one slice: all of its discriminators hold."""
    tests = [discriminator(slice, one, codes, fits) for one in by]
    if len(tests) == 1:
        return tests[0]
    return lambda type, value: all(test(type, value) for test in tests)


def discriminator(slice: Node, one: str, codes: Mapping[str, Codes], fits: FitsProfile) -> Belongs:
    kind, _, path = one.partition(":")
    if kind == "type":
        wanted = frozenset(type.code for type in slice.types)
        return lambda type, value: type in wanted
    if kind == "profile":
        urls = [name for type in (slice.at(path) or slice).types for name in type.names]
        return lambda type, value: any(fits(url, item) for url in urls for item in values_at(value, path))
    if kind == "exists":
        return existence(slice.at(path), path)
    return expectation(slice, path, codes)


def existence(node: Node | None, path: str) -> Belongs:
    there = node is not None and node.max != 0
    return lambda type, value: any(True for _ in values_at(value, path)) == there


def expectation(slice: Node, path: str, codes: Mapping[str, Codes]) -> Belongs:
    """By value or pattern, which R4 lets stand for each other."""
    url = extension_url_of(slice) if path == "url" else None
    if url is not None:
        return lambda type, value: bool(value["url"] == url)
    holds = expected(slice, path, codes)
    if holds is None:
        return never
    return lambda type, value: any(holds(item) for item in values_at(value, path))


def extension_url_of(slice: Node) -> str | None:
    """Most slices are of extensions; their type's every instance has a url."""
    named = [name for type in slice.types if type.code == "Extension" for name in type.names]
    fixed = slice.children["url"].facts.get("fixed") if slice.name == "extension" and "url" in slice.children else None
    return named[0] if named else fixed


def expected(slice: Node, path: str, codes: Mapping[str, Codes]) -> Callable[[Any], bool] | None:
    node = slice.at(path)
    return of_node(node, codes) if node else of_ancestor(slice, path)


def of_node(node: Node, codes: Mapping[str, Codes]) -> Callable[[Any], bool] | None:
    if "fixed" in node.facts:
        return lambda value: bool(value == node.facts["fixed"])
    if "pattern" in node.facts:
        return lambda value: fits_pattern(value, node.facts["pattern"])
    strength, value_set = node.facts.get("binding", ("", ""))
    if strength == "required" and value_set in codes:
        return among(codes[value_set])
    parts = {name: of_node(child, codes) for name, child in node.children.items()}
    tests = {name: test for name, test in parts.items() if test}
    return (lambda value: each_within(value, tests)) if tests else None


def each_within(value: Any, tests: Mapping[str, Callable[[Any], bool]]) -> bool:
    return all(any(test(item) for item in values_at(value, name)) for name, test in tests.items())


def of_ancestor(slice: Node, path: str) -> Callable[[Any], bool] | None:
    """A pattern on `code` answers for `code.coding.system` too."""
    above, _, last = path.rpartition(".")
    node = slice.at(above) if above else slice
    if node is None:
        return None
    pattern = node.facts.get("pattern", node.facts.get("fixed"))
    wanted = list(values_at(pattern, last)) if isinstance(pattern, dict) else []
    return (lambda value: any(fits_pattern(value, part) for part in wanted)) if wanted else None


def values_at(value: Any, path: str) -> Iterator[Any]:
    if path == "$this":
        yield value
        return
    name, _, rest = path.partition(".")
    found = value.get(name) if isinstance(value, dict) else None
    for item in found if isinstance(found, list) else [] if found is None else [found]:
        yield from values_at(item, rest) if rest else (item,)
