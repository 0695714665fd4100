"""Treatment programs: an encounter's service, in the CRM's words where the connection's program table has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.translation.contract import Account
from gateway.translation.rows import Record


def read(encounter: Record, account: Account) -> Record:
    """The encounter with the CRM's word as the text of its `serviceType`; eCW's coding stays beside it."""
    service = encounter.get("serviceType")
    if not isinstance(service, dict):
        return encounter
    words = {theirs: ours for ours, theirs in account.mappings.get("program", {}).items()}
    ours = next((words[word] for word in _words(service) if word in words), None)
    return {**encounter, "serviceType": {**service, "text": ours}} if ours else encounter


def _words(service: Record) -> Iterator[Any]:
    """What an operator may have entered as eCW's word, the most particular first."""
    codings = [each for each in service.get("coding") or () if isinstance(each, dict)]
    told = (*(each.get("code") for each in codings), service.get("text"), *(each.get("display") for each in codings))
    yield from (word for word in told if isinstance(word, str))
