"""The default facility of a Patient: eCW's extension, which it wants on every write.

The first that tells wins: eCW's own extension as the CRM sent it, the patient's `facility`, the setting
`default_facility`.
A facility of ours becomes eCW's through the Location that was pulled from there, or through the location mappings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.canonical import extension_url
from gateway.translation.contract import Account, Chart
from gateway.translation.rows import Record, Resource
from translators.ecw.patient import DEFAULT_FACILITY

Leave = Callable[[str, str], None]
ADVICE = "no eClinicalWorks Location is known for it: pull locations, or map its name with `mapping set … location`"


def facility_of(account: Account, chart: Chart, leave: Leave) -> str | None:
    """`Location/KEY` of eCW, by what the chart says; None where it says nothing that eCW knows."""
    for url in (DEFAULT_FACILITY, extension_url("facility")):
        for index, extension in enumerate(chart.patient.get("extension", [])):
            if extension.get("url") == url:
                found = _resolved(account, chart, extension.get("valueReference", {}), as_sent=url == DEFAULT_FACILITY)
                if found:
                    return found
                leave(f"extension[{index}]", ADVICE)
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
    location = chart.resolve(reference)
    if location is not None and (key := _key(account, location)):
        return f"Location/{key}"
    table = account.mappings.get("location", {})
    mapped = next((table[word] for word in _words(reference, location) if word in table), None)
    if mapped:
        return f"Location/{mapped.removeprefix('Location/')}"
    written = str(reference.get("reference", ""))
    return written if as_sent and location is None and written.startswith("Location/") else None


def _key(account: Account, location: Resource) -> str | None:
    system = account.system("id")
    return next((i.get("value") for i in location.get("identifier", ()) if i.get("system") == system), None)


def _words(reference: dict[str, Any], location: Resource | None) -> Iterator[str]:
    """What a mapping table may call the location."""
    candidates = ((location or {}).get("name"), reference.get("display"), reference.get("reference"))
    yield from (str(word) for word in candidates if word)
    yield str(reference.get("reference", "")).removeprefix("Location/")
