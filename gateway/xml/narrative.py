"""A narrative's div from JSON, as XML that can stand in a document (narrative.html)."""

from __future__ import annotations

import re
from html.entities import html5

from gateway.faults import Malformed
from gateway.xml.names import FHIR, XHTML, escaped, writable
from gateway.xml.parser import parse

NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{0,31};)")
OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
DIV = re.compile(r"<div(?=[\s>/])")
TAG_WITH_NAMESPACE = re.compile(r"""<div\s(?:[^>"']|"[^"]*"|'[^']*')*?xmlns\s*=""")


def embedded(div: str) -> str:
    """The div as it is where it is well-formed; its names of characters as numbers; else its text, told as text."""
    div = writable(div.strip())
    if not TAG_WITH_NAMESPACE.match(div):
        div = DIV.sub(f'<div xmlns="{XHTML}"', div, count=1)
    for candidate in (div, NAMED.sub(_numbered, div)):
        if is_div(candidate):
            return candidate
    return f'<div xmlns="{XHTML}"><pre>{escaped(div)}</pre></div>'


def is_div(text: str) -> bool:
    """One well-formed div of XHTML and nothing beside it."""
    if not DIV.match(text):
        return False
    try:
        root = parse(f'<text xmlns="{FHIR}">{text}</text>'.encode())
    except Malformed:
        return False
    return len(root.children) == 1 and root.children[0].xhtml is not None


def _numbered(found: re.Match[str]) -> str:
    characters = html5.get(found[1])
    if characters is None or found[1] in OF_XML:
        return found[0]
    return "".join(f"&#{ord(character)};" for character in characters)
