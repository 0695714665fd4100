"""The numeric codes by which eCW tells the fate of a write: in the body, under HTTP 200.

Only `1`, and a status line in words (`201 Created`), is success: the bare numbers 201, 202 and 204 are refusals. What
each means, and what to do, stands in guide.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.faults import EmrRefused, Issue
from gateway.translation.lens import LeftOut
from translators.ecw.guide import CODES, Code

SUCCESS = 1
INVALID_PATIENT = 100
SEVERAL = 201
ALREADY_EXISTS = 202
OF_FACILITY = frozenset({107, 132})
"""It does not take the default facility, or wants one."""
RETRIED_ONCE = frozenset({103, 104, 112, 115, 136, 166, 167, 168, 306, 602, 604, 610, 703, 2025})
"""Its own processing failed: the guide has these tried once more."""
STATUS_LINE = re.compile(r"20[01] [A-Za-z ]+")
UNLISTED = Code("a code that its guide does not list", "ask eClinicalWorks support what it means")


def code_of(status: object) -> int | None:
    """The code of an entry's status; None where it is none."""
    text = str(status).strip()
    if STATUS_LINE.fullmatch(text):
        return SUCCESS
    return int(text) if re.fullmatch(r"\d{1,4}", text) else None


def was_refused(code: int | None) -> bool:
    """Whether nothing was written for certain: only the codes of the guide say so."""
    return code != SUCCESS and code in CODES


def refusal(code: int | None, left_out: Iterable[LeftOut] = ()) -> EmrRefused:
    """Says what eCW objects to, where, and what to do about it; holds nothing of the record or the answer."""
    if code is None:
        return EmrRefused("eClinicalWorks refused the patient without one of its codes; ask its support")
    found = CODES.get(code, UNLISTED)
    about = f" ({found.place})" if found.place else ""
    text = f"eClinicalWorks refused the patient: {code} {found.name}{about}. What to do: {found.mend}"
    words = tuple(word for each in left_out for word in each.unmapped) if code in OF_FACILITY else ()
    return EmrRefused((Issue(text, (found.place or "Patient",)),), unmapped=words)
