"""Values that a profile fixes, the patterns that it sets and the value sets that it binds to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Holds = Callable[[Any], bool]
Codes = Mapping[str, list[str]]


def fits_pattern(value: Any, pattern: Any) -> bool:
    """elementdefinition.html#pattern: all that the pattern says is there, arrays in any order."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and fits_pattern(value[name], part) for name, part in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(fits_pattern(item, part) for item in value) for part in pattern)
    return bool(value == pattern) and isinstance(value, bool) == isinstance(pattern, bool)


def among(codes: Codes) -> Holds:
    """Whether a code, Coding, CodeableConcept or Quantity is of the value set."""
    pairs = frozenset((system, code) for system, listed in codes.items() for code in listed)
    plain = frozenset(code for _, code in pairs)

    def holds(value: Any) -> bool:
        if isinstance(value, str):
            return value in plain
        if not isinstance(value, dict):
            return False
        if "coding" in value:
            return any((coding.get("system"), coding.get("code")) in pairs for coding in value["coding"])
        return (value.get("system"), value.get("code")) in pairs

    return holds


def only_text(value: Any) -> bool:
    """An extensible binding is satisfied by text where no code fits (terminologies.html#extensible)."""
    return isinstance(value, dict) and "coding" not in value and "text" in value
