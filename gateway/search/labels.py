"""Security labels that restrict who sees a resource, and the purposes of use that open it (42 CFR Part 2).

A resource that bears one of the labels of ValueSet-restricting-label is closed to all but those who come for a purpose
that the resource itself names (a code of v3-ActReason among its labels) or, where it names none, for treatment. It is
not only its content: what is closed is not found, counted or followed either (docs/decisions/2611-sight.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

SECURITY = "_security"
MARK = b'"security"'
TREATMENT = frozenset({"TREAT", "ETREAT"})
PATIENT_REQUEST = "PATRQT"
PURPOSE_SYSTEMS = ("http://terminology.hl7.org/CodeSystem/v3-ActReason",)
Label = tuple[str, str]
"""(system, code)"""
Purposes = frozenset[str]
_decoder = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class LabelRule:
    """What the labels of resources mean for one who comes for some purposes."""

    purposes: tuple[str, ...]
    """In order, so that equal rules look alike."""

    def opens(self, required: Purposes | None) -> bool:
        return required is None or not required.isdisjoint(self.purposes)

    def admits(self, body: bytes) -> bool:
        """Most bodies have no labels, and need not be read for that."""
        return MARK not in body or self.opens(required_by(labels_of(_decoder.decode(body))))


@cache
def restricting() -> Mapping[str, tuple[str, ...]]:
    """System → codes, as the value set lists them."""
    file = files("profiles") / "crosswalk" / "ValueSet-restricting-label.json"
    included = _decoder.decode(file.read_bytes())["compose"]["include"]
    return {each["system"]: tuple(concept["code"] for concept in each["concept"]) for each in included}


@cache
def _restricting_labels() -> frozenset[Label]:
    return frozenset((system, code) for system, codes in restricting().items() for code in codes)


def required_by(labels: Iterable[Label]) -> Purposes | None:
    """The purposes of which each is enough; None where the labels restrict nobody."""
    found = set(labels)
    if _restricting_labels().isdisjoint(found):
        return None
    return frozenset(code for system, code in found if system in PURPOSE_SYSTEMS) or TREATMENT


def labels_of(resource: Mapping[str, Any]) -> Iterable[Label]:
    meta = resource.get("meta")
    codings = meta.get("security", ()) if isinstance(meta, Mapping) else ()
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, Mapping):
            yield str(coding.get("system", "")), str(coding.get("code", ""))
