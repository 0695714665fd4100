"""The values of one search parameter, by its kind: text as it stands in a URL to what a query compares.

Each reader raises ValueError with what to write instead; parse.py adds the parameter's name. Values may be patients'
data and appear in no message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from gateway.search.dates import date_range
from gateway.search.decimals import EXACT
from gateway.search.phonetic import phrase
from gateway.search.places import nearness
from gateway.search.query import (
    DateValue,
    NumberValue,
    PositionValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
    Value,
)

PREFIXED = re.compile(r"(?P<prefix>[a-z]{2})?(?P<rest>.*)", re.DOTALL)
PREFIXES = frozenset(("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"))
NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
LOGICAL_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
ABSOLUTE = re.compile(r"[a-z][a-z0-9+.\-]*:", re.ASCII | re.IGNORECASE)
TENTH = 10
"""`ap`: within a tenth of the value, and for dates of the time between then and now, as R4, 3.1.1.4.4 recommends."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a value may depend on."""

    types: frozenset[str]
    base: str
    now: int
    type: str | None = None
    """The target type that a modifier names (`subject:Patient`)."""


def split(text: str, separator: str) -> list[str]:
    """Parts between separators that no backslash escapes; the parts keep their escapes."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == separator:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    r"""R4, 3.1.1.4.11: `\,`, `\|`, `\$` and `\\` stand for the character; any other backslash for itself."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def token(text: str, _reading: Reading) -> TokenValue:
    system, *code = split(text, "|")
    if not code:
        return TokenValue(None, unescape(text))
    if len(code) > 1 or not (system or code[0]):
        raise ValueError("Write code, system|code, system| or |code; a | inside a part is escaped by a backslash.")
    return TokenValue(unescape(system), unescape(code[0]) or None)


def of_type(text: str, _reading: Reading) -> TokenValue:
    """`system|code|value`, indexed as the token `system|code|value` whose code is `code|value`."""
    parts = split(text, "|")
    if len(parts) != 3 or not (parts[1] and parts[2]):
        raise ValueError("Write system|code|value; a | inside a part is escaped by a backslash.")
    system, code, value = map(unescape, parts)
    return TokenValue(system or None, f"{code}|{value}")


def string(text: str, _reading: Reading) -> StringValue:
    return StringValue(unescape(text))


def uri(text: str, _reading: Reading) -> UriValue:
    return UriValue(unescape(text))


def prefixed(text: str) -> tuple[str, str]:
    found = PREFIXED.fullmatch(text)
    assert found is not None  # noqa: S101 (the pattern takes any text)
    prefix = found["prefix"] or "eq"
    if prefix not in PREFIXES:
        raise ValueError(f"Use one of the prefixes {', '.join(sorted(PREFIXES))}, or none.")
    return prefix, found["rest"]


def moment(text: str, reading: Reading) -> DateValue:
    prefix, rest = prefixed(text)
    try:
        low, high = date_range(rest)
    except ValueError:
        raise ValueError("Write a date as 2024, 2024-03, 2024-03-09 or 2024-03-09T10:30:00Z.") from None
    if prefix == "ap":
        slack = abs(reading.now - low) // TENTH
        low, high = low - slack, high + slack
    return DateValue(prefix, low, high)


def number(text: str, _reading: Reading) -> NumberValue:
    prefix, rest = prefixed(text)
    low, high = number_range(prefix, rest)
    return NumberValue(prefix, low, high)


def quantity(text: str, _reading: Reading) -> NumberValue:
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) not in (1, 3):
        raise ValueError("Write number, number|system|code or number||code.")
    prefix, rest = prefixed(parts[0])
    low, high = number_range(prefix, rest)
    system, code = parts[1:] if len(parts) == 3 else ("", "")
    return NumberValue(prefix, low, high, system or None, code or None)


def number_range(prefix: str, text: str) -> tuple[Decimal, Decimal]:
    """Half a unit of the last written digit each way (R4, 3.1.1.4.6)."""
    if NUMBER.fullmatch(text) is None:
        raise ValueError("Write a number such as 5, 5.40 or -1.2e3.")
    exact = Decimal(text)
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 (the pattern takes finite numbers only)
    slack = max(Decimal(5).scaleb(exponent - 1), abs(exact) / TENTH if prefix == "ap" else Decimal(0))
    return EXACT.subtract(exact, slack), EXACT.add(exact, slack)


def near(text: str, _reading: Reading) -> PositionValue:
    return PositionValue(nearness(text.split("|")))


def phonetic(text: str, _reading: Reading) -> StringValue:
    """As the words sound; a phrase without any would be the beginning of every name."""
    sound = phrase(unescape(text))
    if not sound:
        raise ValueError("Write at least one word in Latin letters.")
    return StringValue(sound)


def reference(text: str, reading: Reading) -> ReferenceValue:
    target = unescape(text)
    local = target.removeprefix(f"{reading.base}/") if reading.base else target
    if ABSOLUTE.match(local):
        return ReferenceValue(None, "", target)
    type, slash, id = local.rpartition("/")
    if (slash and type not in reading.types) or LOGICAL_ID.fullmatch(id) is None:
        raise ValueError("Write id, Type/id or an absolute address.")
    if slash and reading.type not in (None, type):
        raise ValueError(f"The modifier names {reading.type}, and the value another type; make them agree.")
    return ReferenceValue(type or reading.type, id)


READERS: dict[str, Callable[[str, Reading], Value]] = {
    "token": token,
    "string": string,
    "uri": uri,
    "date": moment,
    "number": number,
    "quantity": quantity,
    "reference": reference,
    "special": near,
}
