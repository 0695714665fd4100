"""Codecs: how one vendor value reads as one FHIR value, and back; `decode(encode(f)) == f` for all f that decode makes.

A codec refuses a value by raising Unreadable; the map then leaves that row out and reports it. Tables that are not
one-to-one name their canonical way back and fail at import otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from gateway.digits import as_written, decimal


class Unreadable(ValueError):
    """The value is outside of what the codec takes. The message says what is expected and quotes no value."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one vocabulary or format; `kind` and `values` tell tests what vendor values to draw."""

    decode: Callable[[Any], Any]
    encode: Callable[[Any], Any]
    kind: str = "text"
    values: tuple[Any, ...] = ()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable("expected text")
    return value


def _fullmatch(pattern: str, expected: str) -> Callable[[Any], str]:
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        if not compiled.fullmatch(_text(value)):
            raise Unreadable(f"expected {expected}")
        return str(value)

    return check


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(_text(value)).isoformat()
    except ValueError as error:
        raise Unreadable("expected a date, YYYY-MM-DD") from error


_FHIR_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _instant(value: Any) -> str:
    """As written, where that is a FHIR instant, else in FHIR's form."""
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise Unreadable("expected a time, YYYY-MM-DDThh:mm:ss with a zone") from error
    if moment.tzinfo is None:
        raise Unreadable("expected a time with a zone")
    return str(value) if _FHIR_INSTANT.fullmatch(value) else moment.isoformat()


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unreadable("expected true or false")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 10**40:
        raise Unreadable("expected a whole number")
    return value


_whole_number = _fullmatch(r"0|-?[1-9][0-9]{0,39}", "a whole number of up to 40 digits")

TEXT = Codec(_text, _text)
_email = _fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", "an e-mail address, name@host")
EMAIL = Codec(_email, _email, "email")
"""For vendors that refuse a whole record over an e-mail address that is none."""
DATE = Codec(_date, _date, "date")
INSTANT = Codec(_instant, _instant, "instant")
BOOLEAN = Codec(_boolean, _boolean, "boolean")
INTEGER = Codec(_integer, _integer, "integer")
INTEGER_TEXT = Codec(
    lambda value: _whole_number(str(_integer(value))),
    lambda text: int(_whole_number(text)),
    "integer",
)
"""A vendor's number that is an identifier or string in FHIR."""


def codes(table: Mapping[Any, str], back: Mapping[str, Any] | None = None) -> Codec:
    """Vendor code ↔ FHIR code. `back` names the code to send where none, or several, decode to a FHIR code."""
    returns = _returns(table, back or {})

    def decode(value: Any) -> str:
        if not isinstance(value, str | int) or value not in table:
            raise Unreadable("expected one of the vendor's codes that the table knows")
        return table[value]

    def encode(code: Any) -> Any:
        if not isinstance(code, str | int) or code not in returns:
            raise Unreadable("the vendor has no code for this value")
        return returns[code]

    return Codec(decode, encode, "code", tuple(table))


def _returns(table: Mapping[Any, str], back: Mapping[str, Any]) -> dict[str, Any]:
    returns = dict(back)
    for vendor, code in table.items():
        if returns.setdefault(code, vendor) != vendor and code not in back:
            raise ValueError(f"two vendor codes mean {code!r}; name the canonical one in `back`")
    if unknown := [vendor for vendor in back.values() if vendor not in table]:
        raise ValueError(f"`back` names vendor codes that the table lacks: {unknown}")
    return returns


@dataclass(frozen=True, slots=True)
class Coded:
    """One row of a concept table: a vendor's term and the coding that it means."""

    term: str
    system: str
    code: str
    display: str


def concept(rows: Iterable[Coded], back: Mapping[str, str] | None = None, *, free_text: bool = True) -> Codec:
    """Vendor term ↔ CodeableConcept. Unknown terms travel as `text` if `free_text`; `back`: FHIR codes → terms."""
    table = {row.term: row for row in rows}
    returns = {row.code: row.term for row in reversed(tuple(table.values()))} | dict(back or {})
    systems = {None, *(row.system for row in table.values())}

    def decode(term: Any) -> dict[str, Any]:
        row = table.get(_text(term))
        if row is None and not (free_text and term):
            raise Unreadable("expected one of the vendor's terms that the table knows")
        if row is None:
            return {"text": term}
        return {"coding": [{"system": row.system, "code": row.code, "display": row.display}], "text": term}

    def encode(value: Any) -> str:
        text, codings = _concept(value)
        meanings = [coding.get("code") for coding in codings if coding.get("system") in systems]
        if text in table and table[text].code in meanings:
            return text
        if term := next((returns[code] for code in meanings if code in returns), None):
            return term
        if free_text and text:
            return text
        raise Unreadable("the vendor has no term for this value")

    return Codec(decode, encode, "text" if free_text else "code", tuple(table))


def _concept(value: Any) -> tuple[str, list[dict[str, Any]]]:
    """Text and codings of a CodeableConcept."""
    if not isinstance(value, dict):
        raise Unreadable("expected a CodeableConcept")
    codings = value.get("coding")
    text = value.get("text")
    found = [c for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
    return text if isinstance(text, str) else "", found


CONCEPT_TEXT = concept(())
"""A vendor's free term ↔ CodeableConcept.text."""


# --- documents within a document ----------------------------------------------------------------------------------

_AS_WRITTEN = msgspec.json.Encoder(enc_hook=as_written, decimal_format="number")
_WRITTEN = msgspec.json.Decoder(dict[str, Any], float_hook=decimal)


def _object_text(value: Any) -> str:
    if not isinstance(value, dict):
        raise Unreadable("expected an object")
    try:
        return _AS_WRITTEN.encode(value).decode()
    except (NotImplementedError, OverflowError, TypeError) as error:
        raise Unreadable("expected an object of what JSON can say") from error


def _object(text: Any) -> dict[str, Any]:
    try:
        return _WRITTEN.decode(text)
    except (msgspec.DecodeError, TypeError) as error:
        raise Unreadable("expected an object as JSON") from error


def written_object(*drawn: dict[str, Any]) -> Codec:
    """An object of any shape ↔ its JSON, numbers as they were written."""
    return Codec(_object_text, _object, "code", drawn)
