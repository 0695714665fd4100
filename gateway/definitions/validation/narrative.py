"""What a narrative may hold (https://hl7.org/fhir/R4/narrative.html#xhtml; txt-1 and txt-2).

The allowed elements are those of HTML 4.0's chapters 7 to 11, without 9.4, and 15, `a`, images and style attributes
within the text: nothing that runs, loads or submits. The XML is read by expat, and refused at the first sign of a
document type, so that no entity is ever declared or expanded.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from gateway.definitions.validation.findings import FINE, Findings, Scope, one

XHTML = "http://www.w3.org/1999/xhtml"
ELEMENTS_ALLOWED = """
    a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4
    h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul
    var"""
ELEMENTS = frozenset(ELEMENTS_ALLOWED.split())
ATTRIBUTES_ALLOWED = """
    abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff cite class clear color colspan
    compact coords dir frame headers height href hreflang hspace id ismap lang longdesc name noshade nowrap rel rev
    rowspan rules scope shape size span src start style summary tabindex target title type usemap valign value vspace
    width"""
ATTRIBUTES = frozenset(ATTRIBUTES_ALLOWED.split())
XML_LANGUAGE = frozenset(("http://www.w3.org/XML/1998/namespace lang", "http://www.w3.org/XML/1998/namespace space"))
LINKS = frozenset(("href", "src", "cite", "longdesc", "usemap"))
SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
SCHEMES = frozenset(("http", "https", "ftp", "mailto", "tel", "urn", "cid"))
IMAGE = re.compile(r"data:image/(png|jpeg|gif|bmp|webp)[;,]", re.IGNORECASE)
INVISIBLE = re.compile(r"[\x00-\x20\x7f]")
"""Browsers read a scheme through tabs and line feeds within it."""
ACTIVE_STYLE = re.compile(r"expression\s*\(|@import|javascript:|behavior\s*:|-moz-binding|\\", re.IGNORECASE)
STYLE_URL = re.compile(r"url\s*\(\s*['\"]?([^'\")]*)", re.IGNORECASE)

NOT_XML = "Send the narrative as well-formed XML, with Unicode characters in place of named entities"
NO_DIV = f'Send one div element of the namespace {XHTML}: <div xmlns="{XHTML}">'
EMPTY = "Put text or an image into the narrative (txt-2)"
SCRIPTED = (
    "Remove what runs or loads from the narrative: scripts, handlers, styles from outside and their links (txt-1)"
)
STRANGE = "Keep to the elements and attributes that a narrative may have (txt-1)"


class Refused(Exception):
    """What the narrative breaks; its text is the advice."""


class Reader:
    """Follows the parser through one narrative."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = self._instruction
        self._depth = 0
        self._content = False

    def read(self, text: str) -> None:
        """Raises Refused."""
        try:
            self._parser.Parse(text.strip().encode("utf-8"), True)
        except (expat.ExpatError, UnicodeEncodeError):
            raise Refused(NOT_XML) from None
        if not self._content:
            raise Refused(EMPTY)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        self._depth += 1
        if self._depth == 1 and (namespace, element) != (XHTML, "div"):
            raise Refused(NO_DIV)
        if namespace != XHTML or element not in ELEMENTS:
            raise Refused(SCRIPTED if element in ("script", "style", "link", "iframe", "object", "embed") else STRANGE)
        self._content = self._content or element == "img"
        for attribute, value in attributes.items():
            check_attribute(attribute, value)

    def _text(self, text: str) -> None:
        self._content = self._content or not text.isspace()

    def _doctype(self, *_: Any) -> None:
        raise Refused(NOT_XML)

    def _instruction(self, *_: Any) -> None:
        raise Refused(STRANGE)


def check_attribute(name: str, value: str) -> None:
    """Raises Refused."""
    if name.startswith("on"):
        raise Refused(SCRIPTED)
    if name not in ATTRIBUTES and name not in XML_LANGUAGE:
        raise Refused(STRANGE)
    if (name in LINKS and not is_safe_link(value)) or (name == "style" and not is_safe_style(value)):
        raise Refused(SCRIPTED)


def is_safe_link(link: str) -> bool:
    link = INVISIBLE.sub("", link)
    scheme = SCHEME.match(link)
    return scheme is None or scheme[1].lower() in SCHEMES or IMAGE.match(link) is not None


def is_safe_style(style: str) -> bool:
    """Images beside the page and images within the style are the only ones that it may show."""
    urls = [INVISIBLE.sub("", url) for url in STYLE_URL.findall(style)]
    return ACTIVE_STYLE.search(style) is None and all(not SCHEME.match(url) or IMAGE.match(url) for url in urls)


def narrative_check(value: Any, depth: int, scope: Scope) -> Findings:
    """The check of the primitive xhtml."""
    if not isinstance(value, str):
        return one("Send the narrative as a string of XHTML", "structure")
    try:
        Reader().read(value)
    except Refused as refused:
        return one(str(refused), "invariant")
    return FINE
