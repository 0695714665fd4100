"""What eCW takes no text with: its codes 108 and 109, told before they cost a call.

The guide names 2000 characters and "unsupported special characters" without listing them. Those here are what HTML and
HL7 v2, in which eCW keeps and passes texts on, give a meaning; what else it refuses it says itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

LONGEST = 2000
SPECIAL = re.compile(r"[<>^\x00-\x1f\x7f]")


def objection(value: Any) -> str | None:
    """Why eCW would refuse the whole patient for one of these texts; None when it would not."""
    for text in _texts(value):
        if len(text) > LONGEST:
            return f"eClinicalWorks takes texts of {LONGEST} characters at most: shorten it"
        if SPECIAL.search(text):
            return "eClinicalWorks takes no < > ^ and no control characters: write it without"
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
