"""The one XML parser of the gateway: expat, with everything switched off that an attacker could use.

A document type declaration is refused when it begins, so there are no entities to expand and nothing external to
fetch. Depth and number of elements are bounded; the number of bytes is bounded before. Comments and processing
instructions mean nothing in FHIR (xml.html) and are left out. Narrative is kept as the very text that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from gateway.faults import Malformed
from gateway.xml.names import FHIR, XHTML, XSI
from gateway.xml.narrative_text import NarrativeText

DEEPEST = 128
MOST_ELEMENTS = 1_000_000
START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
OWN_NAMESPACE = re.compile(rb"""<div[ \t\r\n](?:[^"']|"[^"]*"|'[^']*')*?xmlns[ \t\r\n]*=""")


class Node:
    """One element of the FHIR namespace; of narrative, the text of the div."""

    __slots__ = ("attributes", "children", "name", "xhtml")

    def __init__(self, name: str, attributes: dict[str, str], xhtml: str | None = None) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Node] = []
        self.xhtml = xhtml


def parse(document: bytes) -> Node:
    """The root element. Raises Malformed, with no text of the document in it."""
    return _Reading(document).root()


class _Reading:
    """One document on its way through expat."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.top: Node | None = None
        self.open: list[Node] = []
        self.elements = 0
        self.depth = 0
        self.narrative: NarrativeText | None = None
        self.began = 0
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.namespace_prefixes = True
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = refuse_doctype
        self.parser.XmlDeclHandler = check_declaration
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def root(self) -> Node:
        try:
            self.parser.Parse(self.document, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise Malformed(f"The body is not XML: {reason}, line {error.lineno}, column {error.offset}") from None
        assert self.top is not None  # noqa: S101 — expat takes no document without a root
        return self.top

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.depth += 1
        if self.elements > MOST_ELEMENTS:
            raise Malformed(f"The body has more than {MOST_ELEMENTS} elements; send it in smaller parts")
        if self.depth > DEEPEST:
            raise Malformed(f"The body is nested more than {DEEPEST} levels deep")
        if self.narrative is not None:
            self.narrative.start(qualified, attributes)
            return
        namespace, name, *_ = split(qualified)
        if namespace == XHTML and name == "div" and self.open:
            self.began = self.parser.CurrentByteIndex
            self.narrative = NarrativeText()
            self.narrative.start(qualified, attributes)
        elif namespace == FHIR:
            self._begin(Node(name, plain(attributes)))
        else:
            raise Malformed(f"Every element but narrative is in the namespace {FHIR}; declare it at the root")

    def end(self, qualified: str) -> None:
        self.depth -= 1
        if self.narrative is None:
            self.open.pop()
            return
        self.narrative.end(qualified)
        if self.narrative.depth == 0:
            self.open[-1].children.append(Node("div", {}, self._div(self.narrative)))
            self.narrative = None

    def text(self, text: str) -> None:
        if self.narrative is not None:
            self.narrative.text(text)
        elif text.strip(" \t\r\n"):
            raise Malformed("Values stand in the attribute `value`; there is no text between the elements of FHIR")

    def _begin(self, node: Node) -> None:
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.top = node
        self.open.append(node)

    def _div(self, narrative: NarrativeText) -> str:
        """As it was sent, where that is XHTML by itself; else written anew with its namespaces."""
        tag = START_TAG.match(self.document, self.began)
        assert tag is not None  # noqa: S101 — expat has read it
        if not narrative.plain or not OWN_NAMESPACE.match(tag[0]):
            return narrative.written()
        if tag[0].endswith(b"/>"):
            return tag[0].decode()
        last = self.parser.CurrentByteIndex
        return self.document[self.began : self.document.index(b">", last) + 1].decode()


def refuse_doctype(*_: object) -> None:
    raise Malformed("The body has a document type declaration; send the resource without one")


def check_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
        raise Malformed("The XML declaration names another encoding; send the body in UTF-8")


def split(qualified: str) -> list[str]:
    """Namespace, local name and, where there is one, prefix."""
    return qualified.split(" ") if " " in qualified else ["", qualified]


def plain(attributes: Mapping[str, str]) -> dict[str, str]:
    """FHIR's own attributes have no namespace; xsi:schemaLocation and the like tell parsers, not us."""
    own = {}
    for qualified, value in attributes.items():
        namespace, name, *_ = split(qualified)
        if not namespace:
            own[name] = value
        elif namespace != XSI:
            raise Malformed("Elements of FHIR have no attributes of other namespaces; remove them")
    return own
