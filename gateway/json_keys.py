"""Whether an object in a JSON text names a property twice, which parsers resolve in silence, each in its own way.

RFC 8259, section 4, wants names unique; msgspec keeps the last value. The count of names in what was parsed is compared
with an upper bound of those in the text; only where they differ is the text read once more, object by object.
"""

from __future__ import annotations

import json
import re
from typing import Any

COLON = re.compile(rb'"[ \t\r\n]*:')
"""The end of every name, and now and then a piece of a string."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class RepeatedName(ValueError):
    """`name` is the one that stands twice; "" where it is no name of FHIR's."""

    def __init__(self, name: str) -> None:
        super().__init__("a name stands twice in one object")
        self.name = name if NAME.fullmatch(name) else ""


def check_unique(text: bytes, parsed: Any) -> None:
    """Raises RepeatedName. `parsed` is what a parser that keeps one of each name made of `text`."""
    if len(COLON.findall(text)) != count_names(parsed):
        json.loads(text, object_pairs_hook=unique, parse_int=str, parse_float=str)


def count_names(parsed: Any) -> int:
    count, waiting = 0, [parsed]
    while waiting:
        node = waiting.pop()
        if node.__class__ is dict:
            count += len(node)
            waiting.extend(node.values())
        elif node.__class__ is list:
            waiting.extend(node)
    return count


def unique(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise RepeatedName(name)
        names.add(name)
