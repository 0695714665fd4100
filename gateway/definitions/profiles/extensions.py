"""The extensions of a resource, as the checks of its types met them, and where each one stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Met = Sequence[tuple[str, dict[str, Any]]]
"""The type, or the path of the element, that holds an extension; and the extension."""


def where(resource: Any, extension: dict[str, Any]) -> str:
    """The path from the resource to this very object."""
    return next((path for path, value in walk(resource, "") if value is extension), "")


def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from walk(item, f"{path}.{name.removeprefix('_')}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from walk(item, f"{path}[{number}]")
