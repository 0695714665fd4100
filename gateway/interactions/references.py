"""References between the entries of a transaction: made literal (http.html#trules)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Resolve = Callable[[str, str], str]
"""(type, criteria) → `Type/id` of the one match."""


def rewritten(node: Any, identities: Mapping[str, str], resolve: Resolve) -> Any:
    """The same document with every reference to an entry's fullUrl, and every conditional reference, made literal."""
    if isinstance(node, dict):
        return {name: _value(name, value, identities, resolve) for name, value in node.items()}
    if isinstance(node, list):
        return [rewritten(item, identities, resolve) for item in node]
    return node


def _value(name: str, value: Any, identities: Mapping[str, str], resolve: Resolve) -> Any:
    if name == "reference" and isinstance(value, str):
        return _reference(value, identities, resolve)
    return rewritten(value, identities, resolve)


def _reference(text: str, identities: Mapping[str, str], resolve: Resolve) -> str:
    whole, hash, fragment = text.partition("#")
    if whole in identities:
        return f"{identities[whole]}{hash}{fragment}"
    if is_conditional(text):
        type, _, criteria = text.partition("?")
        return resolve(type, criteria)
    return text


def is_conditional(reference: str) -> bool:
    """`Patient?identifier=…`, relative to this server."""
    parts = urlsplit(reference)
    return bool(parts.query) and not parts.scheme and not parts.netloc and parts.path.isalpha()


def conditional_types(node: Any) -> Iterator[str]:
    """The types that a document's conditional references search."""
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str) and is_conditional(reference):
            yield reference.partition("?")[0]
        for value in node.values():
            yield from conditional_types(value)
    elif isinstance(node, list):
        for item in node:
            yield from conditional_types(item)
