"""A chart's resource in the EMR's terms: references to what the EMR has, and entries of its catalogues."""

from __future__ import annotations

from typing import Any

from gateway.translation.contract import Account, Chart, Linked
from gateway.translation.rows import Record, Resource
from translators.internal.bodies import related
from translators.internal.chart import Kind
from translators.internal.related import key_of
from translators.internal.wording import is_unlisted

DEFINITION = "definition"
TO_MAP = (
    "the EMR takes it of its catalogue only: refer to an entry that was pulled from there, or map the words of "
    "code.text to the entry's uuid with `crosswalk mapping set ... definition WORDS UUID`, then push again"
)


def named(account: Account, chart: Chart, link: Linked, patient_key: str, resource: Resource) -> Resource:
    """A copy whose references to what the EMR has are written as the EMR's; others stay as they are."""

    def copied(node: Any) -> Any:
        if isinstance(node, list):
            return [copied(item) for item in node]
        if not isinstance(node, dict):
            return node
        values = {name: copied(value) for name, value in node.items()}
        return values | ({"reference": target} if (target := target_of(node)) else {})

    def target_of(reference: Resource) -> str | None:
        local = reference.get("reference")
        if isinstance(local, str) and local.startswith("emr:"):
            return None
        if local == f"Patient/{link.local_id}":
            return f"emr:Patient/{patient_key}"
        type = local.partition("/")[0] if isinstance(local, str) else reference.get("type")
        is_reference = isinstance(local, str) or isinstance(reference.get("identifier"), dict)
        key = key_of(account, chart, link, reference) if is_reference else None
        return f"emr:{type}/{key}" if key and type else None

    result: Resource = copied(resource)
    return result


def catalogued(account: Account, kind: Kind, record: Record, listed: dict[str, str]) -> Record:
    """The record with its entry of a catalogue; without one where the EMR is not known to have it."""
    entry = related(record, kind.catalogue) if kind.catalogue else {}
    if not kind.catalogue or (entry.get("id") and not is_unlisted(entry)):
        return record
    word = entry.get("name") or ""
    mapped = account.mappings.get(DEFINITION, {}).get(word) or listed.get(word.casefold())
    rest = {name: value for name, value in record.items() if name != kind.catalogue}
    return {**rest, kind.catalogue: {"id": mapped, "name": word}} if mapped else rest
