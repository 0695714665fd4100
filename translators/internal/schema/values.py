"""The values of the API: each knows what it takes and how it stands in the OpenAPI.

They are as strict where they are given decoded JSON (with decimals as Decimal, so that digits are kept) as where
pydantic decodes. Messages never quote what was sent. The schema of a value takes what the value takes: a list of codes
that the contract has in words only is a pattern there, so that it stays a `string`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, StrictBool, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

CONTROLS = r"\x00-\x1f\x7f"
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_GREATEST = 10**15
_LONGEST = 10_000
_NOTE = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*"
_FARTHEST = timedelta(hours=14)
_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Shaped:
    """Text of one pattern; `expected` says in words what that is."""

    pattern: str
    expected: str
    maximum: int
    minimum: int = 0
    format: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        text = core_schema.str_schema(strict=True, min_length=self.minimum, max_length=self.maximum)
        return core_schema.no_info_after_validator_function(self._check, text)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if self.format:
            return {"type": "string", "format": self.format}
        least = {"minLength": self.minimum} if self.minimum else {}
        return {"type": "string", **least, "maxLength": self.maximum, "pattern": f"^{self.pattern}$"}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise PydanticCustomError("string_pattern", "Input should be {expected}", {"expected": self.expected})
        return text


@dataclass(frozen=True, slots=True)
class Between:
    """A number whose digits are kept; between two bounds that no measurement passes."""

    low: str
    high: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "number", "minimum": float(self.low), "maximum": float(self.high)}

    def _read(self, value: Any) -> Decimal:
        number = _decimal(value)
        if not Decimal(self.low) <= number <= Decimal(self.high):
            bounds = {"low": self.low, "high": self.high}
            raise PydanticCustomError("number_range", "Input should be between {low} and {high}", bounds)
        return number.quantize(Decimal(1)) if int(number.as_tuple().exponent) > 0 else number


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number however it is written: 12.0 is one too (JSON Schema Validation 2020-12, 6.1.1)."""

    low: int
    high: int = 2**31 - 1

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        whole = core_schema.int_schema(strict=True, ge=self.low, le=self.high)
        return core_schema.no_info_before_validator_function(self._read, whole)

    def _read(self, value: Any) -> Any:
        """Numbers beyond the bounds are left as they are: some are too long to be written out."""
        is_written_otherwise = isinstance(value, float | Decimal) and self.low <= value <= self.high
        return int(value) if is_written_otherwise and value == int(value) else value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("decimal_type", "Input should be a number")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or len(number.as_tuple().digits) > _DIGITS:
        raise PydanticCustomError("decimal_digits", "Input should be a number of at most 30 digits")
    return number


class AnyKind:
    """Text, a number, true or false, or null: which of them is said elsewhere."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(_any_kind)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        kinds = ["string", "number", "boolean", "null"]
        bounds = {"minimum": -_GREATEST, "maximum": _GREATEST}
        return {"type": kinds, "maxLength": _LONGEST, "pattern": f"^{_NOTE}$", **bounds}


def _any_kind(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _known_text(value)
    if not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("kind", "Input should be text, a number, true, false or null")
    number = _decimal(value)
    if abs(number) > _GREATEST:
        raise PydanticCustomError("number_range", "Input should be between -10^15 and 10^15")
    return value if isinstance(value, int) else number


def _known_text(value: str) -> str | None:
    if len(value) > _LONGEST or not re.fullmatch(_NOTE, value):
        raise PydanticCustomError("string_pattern", "Input should be text of up to 10000 characters, none of control")
    return value if value.strip() else None


class _InWords:
    """A closed list that the contract has in words only: a `string` there."""

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^({'|'.join(handler(core)['enum'])})$"}


class _Kept:
    """A member of an update that may be left out, and not be null: each record has it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(_never_null, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return next(kind for kind in handler(core)["anyOf"] if kind != {"type": "null"})


@dataclass(frozen=True, slots=True)
class OrElse:
    """A member of a create that may be null, which means the default."""

    default: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: self.default if value is None else value, handler(source)
        )

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(core), {"type": "null"}]}


def _never_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("null", "Input should not be null; leave it out to keep what is there")
    return value


def _blank_is_none(value: Any) -> Any:
    """FHIR has no empty strings, and forms send them for what was left empty."""
    return None if isinstance(value, str) and not value.strip() and value.isprintable() else value


def _date(value: Any) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date_parsing", "Input should be a date, YYYY-MM-DD")


def _instant(value: Any) -> datetime:
    """FHIR's zones reach to 14 hours, RFC 3339's to 24."""
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            moment = datetime.fromisoformat(value.upper())
            plain = moment.astimezone(UTC)
            return plain if abs(moment.utcoffset() or timedelta()) > _FARTHEST else moment
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("datetime_parsing", "Input should be a time with a zone, YYYY-MM-DDThh:mm:ssZ")


def _instant_or_date(value: Any) -> datetime | date:
    return _date(value) if isinstance(value, str) and len(value) == len("2000-01-01") else _instant(value)


def _time(value: Any) -> time:
    if isinstance(value, str) and re.fullmatch(_TIME, value):
        return time.fromisoformat(value)
    raise PydanticCustomError("time_parsing", "Input should be a time of day, hh:mm:ss, with a zone or without")


def _whole(value: Any) -> Any:
    """A parameter's text; what is none is left to the check of the type."""
    return int(value) if isinstance(value, str) and re.fullmatch("-?[0-9]{1,10}", value) else value


def _truth(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


_LINE = f"[^{CONTROLS}]*"
_NAME = rf"[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*"
_CODE = rf"([^\s{CONTROLS}]+( [^\s{CONTROLS}]+)*)?"
_EMAIL = rf"([^@\s{CONTROLS}]+@[^@.\s{CONTROLS}]+(\.[^@.\s{CONTROLS}]+)+)?"
_PHONE = r"(([-A-Za-z+()./#*,;: ]*[0-9]){3}[-0-9A-Za-z+()./#*,;: ]*)?"
_KEY = r"[A-Za-z0-9.\-]{1,64}"

_ONE_LINE = "text of one line without control characters"
Words = Annotated[str, Shaped(_LINE, _ONE_LINE, 200)]
"""One line that may be empty, as a search takes it."""
Line = Annotated[Words | None, BeforeValidator(_blank_is_none)]
LongLine = Annotated[Annotated[str, Shaped(_LINE, _ONE_LINE, 1000)] | None, BeforeValidator(_blank_is_none)]
Note = Annotated[
    Annotated[str, Shaped(_NOTE, "text without control characters other than tabs and line ends", _LONGEST)] | None,
    BeforeValidator(_blank_is_none),
]
Name = Annotated[str, Shaped(_NAME, "text of one line that is not blank", 200, 1)]
Code = Annotated[
    Annotated[str, Shaped(_CODE, "a code without spaces around it", 64)] | None, BeforeValidator(_blank_is_none)
]
Email = Annotated[
    Annotated[str, Shaped(_EMAIL, "an e-mail address, name@host.domain", 254)] | None, BeforeValidator(_blank_is_none)
]
Phone = Annotated[
    Annotated[str, Shaped(_PHONE, "a telephone number of at least three digits", 50)] | None,
    BeforeValidator(_blank_is_none),
]
Key = Annotated[str, Shaped(_KEY, "an id of letters, digits, - and .", 64, 1, format="uuid")]
"""A resource's id: a uuid, or what a FHIR client has chosen."""
Filter = Annotated[str, Shaped(_KEY, "an id of letters, digits, - and .", 64, 1)]
"""An id in a query."""
Cursor = Annotated[str, Shaped(r"[A-Za-z0-9_.~=\-]+", "a cursor that an earlier answer gave", 4000, 1)]

Date = Annotated[date, BeforeValidator(_date)]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
InstantOrDate = Annotated[
    datetime | date,
    BeforeValidator(_instant_or_date),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}),
]
TimeOfDay = Annotated[time, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": f"^{_TIME}$"})]
"""RFC 3339's `time` has a zone always; here the clock on the wall will do."""

Flag = StrictBool
Version = Annotated[int, Whole(1)]
Order = Annotated[int, Whole(0)]
InWords = _InWords()
Kept = _Kept()

Asked = Annotated[bool, BeforeValidator(_truth)]
PageNumber = Annotated[int, Whole(1, 1_000_000), BeforeValidator(_whole)]
PageSize = Annotated[int, Whole(1, 200), BeforeValidator(_whole)]
"""200 is where the stores' own pages end."""
AskedVersion = Annotated[int, Whole(1), BeforeValidator(_whole)]
Direction = Literal["asc", "desc"]

ShownKey = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
ShownDate = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
ShownInstant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
