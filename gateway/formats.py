"""The formats of resources, and which of them a client wants to be answered in.

FHIR R4 http.html#mime-type: `_format` overrides Accept; JSON where the client does not mind. `_pretty` asks for line
ends and indentation (http.html#parameters).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from starlette.requests import Request

from gateway.faults import Invalid, NotAcceptable

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
CONTENT_TYPE = f"{FHIR_JSON};charset=utf-8"


class Format(Enum):
    """A format of resources; the value is its media type."""

    JSON = FHIR_JSON
    XML = FHIR_XML

    @property
    def content_type(self) -> str:
        return f"{self.value};charset=utf-8"


MEDIA_TYPES = {
    **dict.fromkeys((FHIR_JSON, "application/json", "text/json", "application/json+fhir"), Format.JSON),
    **dict.fromkeys((FHIR_XML, "application/xml", "text/xml", "application/xml+fhir"), Format.XML),
}
FORMATS = {**MEDIA_TYPES, "json": Format.JSON, "xml": Format.XML}
"""What `_format` may say."""
RANGES = {**MEDIA_TYPES, "*/*": Format.JSON, "application/*": Format.JSON}
"""What Accept may say."""
NOT_PARTICULAR = frozenset({"", "*/*", FHIR_JSON, "application/json"})
OUR_VERSIONS = frozenset({"4.0", "4.0.1"})
PRETTY = {"true": True, "false": False}
QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
VERSION = re.compile(r";\s*fhirVersion=\"?([^\";\s]*)", re.IGNORECASE)
WANTED = "crosswalk.wanted"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a client wants to be answered."""

    format: Format = Format.JSON
    pretty: bool = False


PLAIN = Wanted()


def wanted(request: Request) -> Wanted:
    """Raises NotAcceptable when the client wants none of the formats served, Invalid when `_pretty` is wrong."""
    found: Wanted | None = request.scope.get(WANTED)
    if found is None:
        found = request.scope[WANTED] = _wanted(request)
    return found


def wanted_by_form(request: Request, asked: Mapping[str, str]) -> None:
    """`_format` and `_pretty` of a posted search count as those of an address do (search.html#Introduction)."""
    if "_format" in asked or "_pretty" in asked:
        before = wanted(request)
        format = _of_parameter(asked["_format"]) if "_format" in asked else before.format
        pretty = _pretty(asked["_pretty"]) if "_pretty" in asked else before.pretty
        request.scope[WANTED] = Wanted(format, pretty)


def _wanted(request: Request) -> Wanted:
    query: bytes = request.scope["query_string"]
    pretty = b"_pretty" in query and _pretty(request.query_params.get("_pretty", "false"))
    if b"_format" in query and (named := request.query_params.get("_format")) is not None:
        return Wanted(_of_parameter(named), pretty)
    accept = ",".join(request.headers.getlist("accept"))
    format = Format.JSON if accept in NOT_PARTICULAR else _of_header(accept)
    return Wanted(format, pretty) if pretty or format is not Format.JSON else PLAIN


def _pretty(text: str) -> bool:
    if text not in PRETTY:
        raise Invalid("_pretty is true or false", "_pretty")
    return PRETTY[text]


def _of_parameter(named: str) -> Format:
    # A "+" in a query is a blank: `_format=application/fhir+json` arrives without it.
    text = named.replace(" ", "+")
    format = FORMATS.get(media_type(text))
    if format is None or not is_our_version(text):
        raise NotAcceptable(f"_format: this server answers {FHIR_JSON} and {FHIR_XML}, FHIR 4.0", "_format")
    return format


def _of_header(accept: str) -> Format:
    """The format of the greatest weight, of the first among equals (RFC 9110, 12.5.1)."""
    choices = sorted(_acceptable(accept), key=lambda choice: -choice[0])
    if not choices:
        raise NotAcceptable(f"Accept: this server answers {FHIR_JSON} and {FHIR_XML}, FHIR 4.0")
    return choices[0][1]


def _acceptable(accept: str) -> Iterator[tuple[float, Format]]:
    for part in accept.split(","):
        weight = _weight(part)
        format = RANGES.get(media_type(part))
        if format is not None and weight > 0 and is_our_version(part):
            yield weight, format


def _weight(part: str) -> float:
    found = re.search(r";\s*q=([^;\s]*)", part, re.IGNORECASE)
    return float(found[1]) if found and QUALITY.fullmatch(found[1]) else 1.0


def is_our_version(text: str) -> bool:
    """http.html#version-parameter"""
    found = VERSION.search(text)
    return found is None or found[1] in OUR_VERSIONS


def media_type(text: str) -> str:
    """Without its parameters."""
    return text.partition(";")[0].strip().lower()
