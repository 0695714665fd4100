"""How the sandbox searches: the declared parameters, over plain JSON documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Document = dict[str, Any]
Test = Callable[[Document, str], bool]

PAGE = 20


def _names(document: Document, part: str) -> Iterable[str]:
    for name in document.get("name", ()):
        value = name.get(part, []) if isinstance(name, dict) else []
        yield from value if isinstance(value, list) else [value]


def _starts(values: Iterable[str], wanted: str) -> bool:
    return any(value.casefold().startswith(wanted.casefold()) for value in values)


def _name(document: Document, wanted: str) -> bool:
    if isinstance(document.get("name"), str):
        return _starts([document["name"]], wanted)
    return _starts([*_names(document, "family"), *_names(document, "given")], wanted)


def _identifier(document: Document, wanted: str) -> bool:
    system, bar, value = wanted.rpartition("|")
    return any(
        item.get("value") == value and (not bar or item.get("system") == system)
        for item in document.get("identifier", ())
    )


def _phone(document: Document, wanted: str) -> bool:
    digits = re.sub(r"\D", "", wanted)
    return any(re.sub(r"\D", "", item.get("value", "")) == digits for item in document.get("telecom", ()))


def _date(document: Document, wanted: str) -> bool:
    prefix, day = re.fullmatch(r"(ge|le|gt|lt|eq)?(.*)", wanted).groups()  # type: ignore[union-attr]
    start = document.get("period", {}).get("start", "")[: len(day)]
    tests = {"ge": start >= day, "gt": start > day, "le": start <= day, "lt": start < day}
    return bool(start) and tests.get(prefix, start == day)


def _refers(*places: str) -> Test:
    def test(document: Document, wanted: str) -> bool:
        key = wanted.rpartition("/")[2]
        return any(
            reference.rpartition("/")[2] == key for place in places for reference in _references(document, place)
        )

    return test


def _references(node: Any, place: str) -> Iterable[str]:
    head, _, rest = place.partition(".")
    found = node.get(head) if isinstance(node, dict) else None
    for item in found if isinstance(found, list) else [found] if found else []:
        if rest:
            yield from _references(item, rest)
        else:
            yield item.get("reference", "")


TESTS: Mapping[str, Test] = {
    "_id": lambda document, wanted: document["id"] in wanted.split(","),
    "birthdate": lambda document, wanted: document.get("birthDate") == wanted,
    "gender": lambda document, wanted: document.get("gender") == wanted,
    "family": lambda document, wanted: _starts(_names(document, "family"), wanted),
    "given": lambda document, wanted: _starts(_names(document, "given"), wanted),
    "name": _name,
    "identifier": _identifier,
    "phone": _phone,
    "date": _date,
    "patient": _refers("subject", "beneficiary"),
    "location": _refers("location.location"),
    "practitioner": _refers("participant.individual"),
    "address": lambda document, wanted: wanted.casefold() in repr(document.get("address", "")).casefold(),
    "address-postalcode": lambda document, wanted: f"'{wanted}'" in repr(document.get("address", "")),
    "type": lambda document, wanted: f"'{wanted.rpartition('|')[2]}'" in repr(document.get("type", "")),
}


def found(documents: Iterable[Document], params: Sequence[tuple[str, str]]) -> list[Document]:
    wanted = [(TESTS[name], value) for name, value in params if name in TESTS]
    return [document for document in documents if all(test(document, value) for test, value in wanted)]
