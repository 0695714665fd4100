"""The default facility of a Patient: eCW's extension, which it wants on every write.

The first that tells wins: eCW's own extension as the CRM sent it, the patient's `facility`, the setting
`default_facility`.
A facility of ours becomes eCW's through the Location that was pulled from there, or through the location mappings. One
that neither knows is left out and named as a mapping that is missing; so is one that eCW does not take.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.canonical import extension_url
from gateway.translation.contract import Account, Chart
from gateway.translation.rows import Record, Resource
from gateway.translation.unmapped import Unmapped
from translators.ecw.patient import DEFAULT_FACILITY

ADVICE = "no eClinicalWorks Location is known for it: pull locations, or map its name with `mapping set … location`"
NOT_TAKEN = (
    "eClinicalWorks does not take this Location: map its name to one that is active there with `mapping set … location`"
)


class Leave(Protocol):
    """Notes what is left out, and what would mend it."""

    def __call__(self, place: str, reason: str, *unmapped: Unmapped) -> None: ...


@dataclass(frozen=True, slots=True)
class Facility:
    """Where a patient is treated, in eCW's words and in the chart's."""

    reference: str
    """`Location/KEY`."""
    place: str
    """Where the chart says it."""
    word: str
    """What a mapping table would call it."""

    def refused(self, leave: Leave) -> None:
        key = self.reference.removeprefix("Location/")
        leave(self.place, NOT_TAKEN, Unmapped("location", self.word, key))


def facility_of(account: Account, chart: Chart, leave: Leave) -> Facility | None:
    """By what the chart says; None where it says nothing that eCW knows."""
    for url in (DEFAULT_FACILITY, extension_url("facility")):
        for index, extension in enumerate(chart.patient.get("extension", [])):
            if extension.get("url") == url:
                told, place = extension.get("valueReference", {}), f"extension[{index}]"
                word = next(_words(told, chart.resolve(told)), "")
                if found := _resolved(account, chart, told, as_sent=url == DEFAULT_FACILITY):
                    return Facility(found, place, word)
                leave(place, ADVICE, *((Unmapped("location", word),) if word else ()))
    return None


def default_facility(account: Account) -> str | None:
    setting = account.settings.get("default_facility", "").removeprefix("Location/")
    return f"Location/{setting}" if setting else None


def facility_in(record: Record) -> str | None:
    """What eCW's document says."""
    references = (
        item.get("valueReference", {}).get("reference")
        for item in record.get("extension", ())
        if item.get("url") == DEFAULT_FACILITY
    )
    return next(references, None)


def with_facility(record: Record, reference: str | None) -> Record:
    others = [item for item in record.get("extension", ()) if item.get("url") != DEFAULT_FACILITY]
    mine = [{"url": DEFAULT_FACILITY, "valueReference": {"reference": reference}}] if reference else []
    rest = {name: value for name, value in record.items() if name != "extension"}
    return {**rest, "extension": [*others, *mine]} if others or mine else rest


def _resolved(account: Account, chart: Chart, reference: dict[str, Any], *, as_sent: bool) -> str | None:
    if key := _named(account, reference):
        return f"Location/{key}"
    location = chart.resolve(reference)
    if location is not None and (key := _key(account, location)):
        return f"Location/{key}"
    table = account.mappings.get("location", {})
    mapped = next((table[word] for word in _words(reference, location) if word in table), None)
    if mapped:
        return f"Location/{mapped.removeprefix('Location/')}"
    written = str(reference.get("reference", ""))
    return written if as_sent and location is None and written.startswith("Location/") else None


def _named(account: Account, reference: dict[str, Any]) -> str | None:
    """As a pull writes it of a Location that was not pulled yet: by eCW's own key."""
    identifier = reference.get("identifier") or {}
    return identifier.get("value") if identifier.get("system") == account.system("id") else None


def _key(account: Account, location: Resource) -> str | None:
    system = account.system("id")
    return next((i.get("value") for i in location.get("identifier", ()) if i.get("system") == system), None)


def _words(reference: dict[str, Any], location: Resource | None) -> Iterator[str]:
    """What a mapping table may call the location."""
    candidates = ((location or {}).get("name"), reference.get("display"), reference.get("reference"))
    yield from (str(word) for word in candidates if word)
    if key := str(reference.get("reference", "")).removeprefix("Location/"):
        yield key
