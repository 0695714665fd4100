"""Decimals as they were written: what a client sent as 1e3 or 0.0000001 is not to come back as 1E+3 or 1E-7.

json.html#decimal asks that precision is kept; we keep every character, as the bytes that clients get back are theirs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec


class Written(Decimal):
    """A decimal that Python would write in another way than its sender did."""

    text: str

    def __new__(cls, text: str) -> Written:
        made = super().__new__(cls, text)
        made.text = text
        return made


def decimal(text: str) -> Decimal:
    """A decoder's `float_hook`."""
    value = Decimal(text)
    return value if str(value) == text else Written(text)


def as_written(value: Any) -> Any:
    """An encoder's `enc_hook`."""
    if isinstance(value, Written):
        return msgspec.Raw(value.text.encode())
    raise NotImplementedError(f"no JSON for {type(value).__name__}")
