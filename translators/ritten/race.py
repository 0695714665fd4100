"""Race and ethnicity: Ritten's arrays of words against the US Core extensions, both ways.

The extension's `text` is all of Ritten's words joined by `, `; words with an OMB category also stand as `ombCategory`,
as far as US Core allows (five races, one ethnicity). On the way back the text is taken apart again when it repeats the
categories, which is how we write it; else it is another system's rendering of them and says nothing new. Detailed
categories travel by their display as `raceOther` or `ethnicityOther`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.canonical import NULL_FLAVOR, RACE_AND_ETHNICITY, US_CORE
from gateway.translation.codec import Unreadable
from gateway.translation.rows import Bindings, Pair, Record, Resource

DECLINED = "Decline to Specify"


@dataclass(frozen=True, slots=True)
class Categories:
    """One of the two extensions and its two vendor lists."""

    url: str
    listed: str
    other: str
    codes: Mapping[str, tuple[str, str, str]]
    """Ritten's word → system, code, display."""
    words: frozenset[str]
    """All that the contract lists."""
    most: int
    """How many ombCategory the extension may hold."""

    def decode(self, record: Record, resource: Resource, bindings: Bindings) -> None:
        said = record.get("demographics")
        listed, other = (_words(said, name) for name in (self.listed, self.other))
        words = [*listed, *(word for text in other for word in _split(text))]
        words = [*(word for word in words if word in self.words), *(word for word in words if word not in self.words)]
        if text := ", ".join(words):
            coded = [word for word in words if word in self.codes][: self.most]
            parts = [{"url": "ombCategory", "valueCoding": _coding(*self.codes[word])} for word in coded]
            resource["extension"] = [{"url": self.url, "extension": [*parts, {"url": "text", "valueString": text}]}]

    def encode(self, resource: Resource, record: Record, bindings: Bindings) -> None:
        extension = next((item for item in resource.get("extension", ()) if item.get("url") == self.url), None)
        if extension is None:
            return
        parts = extension.get("extension", ())
        coded = self._coded([part.get("valueCoding") or {} for part in parts if part.get("url") == "ombCategory"])
        words = _split(next((part.get("valueString", "") for part in parts if part.get("url") == "text"), ""))
        known = [word for word in words if word in self.words]
        if set(coded) <= set(known):
            listed, other = known, [word for word in words if word not in self.words]
        else:
            listed, other = coded, []
        other += [word for word in _details(parts) if word not in (*listed, *other)]
        if not (listed or other):
            raise Unreadable("Ritten has no word for this category")
        said = {self.listed: listed, self.other: other}
        record.setdefault("demographics", {}).update({name: value for name, value in said.items() if value})

    def _coded(self, codings: list[dict[str, Any]]) -> list[str]:
        by_code = {code: word for word, (_, code, _) in self.codes.items()}
        return [by_code[coding["code"]] for coding in codings if coding.get("code") in by_code]

    def row(self) -> Pair:
        vendor = (f"demographics.{self.listed}", f"demographics.{self.other}")
        return Pair(vendor, (f"extension[url={self.url}]",), self.decode, self.encode)


def _words(demographics: Any, name: str) -> list[str]:
    found = (demographics.get(name) if isinstance(demographics, dict) else None) or []
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise Unreadable("expected a list of words")
    return found


def _split(text: Any) -> list[str]:
    if not isinstance(text, str):
        raise Unreadable("expected text")
    return [word.strip() for word in text.split(", ") if word.strip()]


def _details(parts: Any) -> list[str]:
    found = [(part.get("valueCoding") or {}).get("display") for part in parts if part.get("url") == "detailed"]
    return [word for word in found if word]


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": display}


_RACES = {
    word: (RACE_AND_ETHNICITY, code, word)
    for word, code in (
        ("American Indian or Alaska Native", "1002-5"),
        ("Asian", "2028-9"),
        ("Black or African American", "2054-5"),
        ("Native Hawaiian or Other Pacific Islander", "2076-8"),
        ("White", "2106-3"),
    )
} | {DECLINED: (NULL_FLAVOR, "ASKU", "asked but unknown")}
_ETHNICITIES = {
    "Hispanic or Latino": (RACE_AND_ETHNICITY, "2135-2", "Hispanic or Latino"),
    "Not Hispanic or Latino": (RACE_AND_ETHNICITY, "2186-5", "Non Hispanic or Latino"),
}
RACE = Categories(f"{US_CORE}us-core-race", "race", "raceOther", _RACES, frozenset(_RACES), 5)
ETHNICITY = Categories(
    f"{US_CORE}us-core-ethnicity",
    "ethnicity",
    "ethnicityOther",
    _ETHNICITIES,
    frozenset({*_ETHNICITIES, DECLINED}),
    1,
)
