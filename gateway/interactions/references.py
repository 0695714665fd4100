"""References between the entries of a transaction, made literal (http.html#trules).

An entry's fullUrl may stand in references, in elements of type uri and url, and in links of the narrative. A reference
`Patient/1` within an entry whose fullUrl is `http://elsewhere/fhir/Encounter/9` means `http://elsewhere/fhir/Patient/1`
(bundle.html#references), so it can name an entry too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CONDITIONAL = re.compile(r"([A-Z][A-Za-z]*)\?(.+)", re.ASCII | re.DOTALL)
LITERAL = re.compile(r"[A-Z][A-Za-z]*/[A-Za-z0-9\-.]{1,64}", re.ASCII)
RESTFUL = re.compile(r"(https?://.+/)[A-Z][A-Za-z]*/[A-Za-z0-9\-.]{1,64}", re.ASCII)
PLACEHOLDER = ("urn:uuid:", "urn:oid:")
LINKS = frozenset({"reference", "url", "uri", "valueUri", "valueUrl", "valueCanonical", "valueUuid", "valueOid"})
NARRATIVE_LINK = re.compile(r"""((?:href|src)\s*=\s*)(["'])(.*?)\2""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """A reference somewhere in a resource; `place` is where (`Bundle.entry[2].resource.subject.reference`)."""

    place: str
    text: str

    @property
    def condition(self) -> tuple[str, str] | None:
        """(type, criteria) of a conditional reference."""
        found = CONDITIONAL.fullmatch(self.text)
        return (found[1], found[2]) if found else None

    @property
    def is_placeholder(self) -> bool:
        """It means something within its Bundle only."""
        return self.text.startswith(PLACEHOLDER)


def references(node: Any, place: str) -> Iterator[Link]:
    """Every Reference.reference below `node`."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield Link(f"{place}.reference", value)
            elif value.__class__ in (dict, list):
                yield from references(value, f"{place}.{name}")
    elif isinstance(node, list):
        for position, item in enumerate(node):
            yield from references(item, f"{place}[{position}]")


def rewritten(node: Any, literal: Mapping[str, str], root: str = "") -> Any:
    """The same document, each link that `literal` knows replaced; `root` is what relative ones are relative to."""
    if isinstance(node, dict):
        return {name: _value(name, value, literal, root) for name, value in node.items()}
    if isinstance(node, list):
        return [rewritten(item, literal, root) for item in node]
    return node


def root_of(full_url: str | None) -> str:
    found = RESTFUL.fullmatch(full_url or "")
    return found[1] if found else ""


def _value(name: str, value: Any, literal: Mapping[str, str], root: str) -> Any:
    if not isinstance(value, str):
        return rewritten(value, literal, root)
    if name in LINKS:
        return _link(value, literal, root)
    if name == "div":
        return NARRATIVE_LINK.sub(lambda found: f"{found[1]}{found[2]}{_link(found[3], literal, '')}{found[2]}", value)
    return value


def _link(text: str, literal: Mapping[str, str], root: str) -> str:
    whole, hash, fragment = text.partition("#")
    absolute = f"{root}{whole}" if root and LITERAL.fullmatch(whole) else whole
    found = literal.get(absolute)
    return f"{found}{hash}{fragment}" if found is not None else literal.get(text, text)
