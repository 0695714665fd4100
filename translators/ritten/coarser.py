"""What travels in a coarser word than the chart's is told as that, not as lost: it stays here what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record

WORDS: Mapping[str, str] = {
    r"Patient\.maritalStatus\b": "maritalStatus",
    r"Patient\.gender$": "sex",
    r"Patient\.communication\[\d+\]\.language\b": "preferredLanguage",
}
"""Where an element stands → what says it in Ritten. A whole `communication` that is lost has no word there at all."""


def coarser(lost: LeftOut, demographics: Record) -> LeftOut:
    """`demographics` is what is sent. Values are not repeated: they are the patient's."""
    for place, name in WORDS.items():
        if (found := re.match(place, lost.expression)) and demographics.get(name):
            return LeftOut(found[0], "Ritten has only a coarser word for it, which was sent; here it stays what it is")
    return lost
