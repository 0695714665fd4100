"""The formats of primitive types (https://hl7.org/fhir/R4/datatypes.html#primitive). Nothing is coerced: "true" is no
boolean and 1 is no string. Values are as msgspec reads them, numbers with a point being `Decimal`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from gateway.definitions.dates import is_date, is_date_time, is_instant
from gateway.definitions.validation.findings import FINE, Check, Findings, Scope, one

LONGEST_STRING = 1024 * 1024
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""Control characters, which R4 forbids, and halves of surrogate pairs, which UTF-8 cannot hold."""
WHITESPACE = str.maketrans("", "", " \t\r\n")
DIGITS, MAGNITUDE = 64, 300
LARGEST = int("9" * DIGITS)
"""Decimals beyond these would need unbounded memory or leave the range of every database's numbers."""

REMEMBERED, SHORT = 4096, 128
"""Systems, codes and dates come again and again; so many of each type are known without a second look."""

Holds = Callable[[Any], bool]

ADVICE = {
    "base64Binary": "Send the bytes as a base64 string of a length divisible by four",
    "boolean": "Send true or false, without quotes",
    "canonical": "Send an absolute URL without spaces, optionally followed by |version",
    "code": "Send a code without leading, trailing or doubled spaces",
    "date": "Send a date of the calendar as YYYY, YYYY-MM or YYYY-MM-DD",
    "dateTime": "Send YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone, a moment of the real calendar",
    "decimal": "Send a JSON number of a reasonable size, without quotes",
    "id": "Send an id of 1 to 64 letters, digits, hyphens and dots",
    "instant": "Send YYYY-MM-DDThh:mm:ss with a zone, a moment of the real calendar",
    "integer": "Send a whole JSON number between -2147483648 and 2147483647, without quotes",
    "markdown": "Send a non-empty string of at most 1,048,576 characters, without control characters",
    "oid": "Send urn:oid: followed by the dotted number",
    "positiveInt": "Send a whole JSON number from 1 to 2147483647, without quotes",
    "string": "Send a non-empty string of at most 1,048,576 characters, without control characters",
    "time": "Send a time of day as hh:mm:ss",
    "unsignedInt": "Send a whole JSON number from 0 to 2147483647, without quotes",
    "uri": "Send a non-empty URI without spaces",
    "url": "Send a non-empty URL without spaces",
    "uuid": "Send urn:uuid: followed by the UUID in lower case",
}


def is_writable(text: str) -> bool:
    return text.isprintable() or UNWRITABLE.search(text) is None


def is_string(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_STRING and is_writable(value)


def is_boolean(value: Any) -> bool:
    return value is True or value is False


def is_decimal(value: Any) -> bool:
    if type(value) is int:
        return abs(value) <= LARGEST
    return isinstance(value, Decimal) and value.is_finite() and is_reasonable(value)


def is_reasonable(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return len(digits) <= DIGITS and abs(value.adjusted()) <= MAGNITUDE and abs(int(exponent)) <= MAGNITUDE


def is_base64(value: Any) -> bool:
    if not isinstance(value, str) or not value.isascii():
        return False
    text = value.translate(WHITESPACE)
    try:
        return bool(text) and bool(binascii.a2b_base64(text, strict_mode=True))
    except binascii.Error:
        return False


def integer_in(low: int, high: int) -> Holds:
    return lambda value: type(value) is int and low <= value <= high


def text_that(holds: Callable[[str], bool]) -> Holds:
    known = lru_cache(maxsize=REMEMBERED)(holds)
    return lambda value: isinstance(value, str) and (known(value) if len(value) <= SHORT else holds(value))


def matching(pattern: str) -> Holds:
    """ASCII classes, as in the specification: a no-break space is not the whitespace that \\S leaves out."""
    match = re.compile(pattern, re.ASCII).fullmatch
    return text_that(lambda value: is_writable(value) and bool(value and match(value)))


BY_HAND: Mapping[str, Holds] = {
    "base64Binary": is_base64,
    "boolean": is_boolean,
    "date": text_that(is_date),
    "dateTime": text_that(is_date_time),
    "decimal": is_decimal,
    "instant": text_that(is_instant),
    "integer": integer_in(-(2**31), 2**31 - 1),
    "markdown": is_string,
    "positiveInt": integer_in(1, 2**31 - 1),
    "string": is_string,
    "unsignedInt": integer_in(0, 2**31 - 1),
}
"""Where the published regular expression is not enough, or too slow."""


def holds_for(type: str, pattern: str) -> Holds:
    return BY_HAND.get(type) or matching(pattern)


def primitive_check(type: str, pattern: str) -> Check:
    holds, advice = holds_for(type, pattern), ADVICE[type]

    def check(value: Any, depth: int, scope: Scope) -> Findings:
        return FINE if holds(value) else wrong(value, advice)

    return check


def wrong(value: Any, advice: str) -> Findings:
    if isinstance(value, list):
        return one("Send one value here, not an array", "structure")
    if isinstance(value, dict):
        return one(f"{advice}; extensions of a value belong under its name with a leading underscore", "structure")
    if value is None:
        return one("Leave the element out instead of sending null", "structure")
    return one(advice, "value")
