"""The XML namespaces of FHIR, and what XML can carry as text (XML 1.0, 2.2)."""

from __future__ import annotations

import re

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)
"""Every element name of FHIR; a subset of those of XML."""

UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
ESCAPES = str.maketrans({**MARKUP, "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


def writable(text: str) -> str:
    """What XML has no way to write, not even by number, stands as U+FFFD."""
    return text if text.isprintable() else UNWRITABLE.sub(REPLACEMENT, text)


def escaped(text: str) -> str:
    """For an attribute's value; line ends and tabs by number, which a parser would make blanks of otherwise."""
    return writable(text).translate(ESCAPES)
