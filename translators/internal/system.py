"""How to reach the internal REST API: settings, authorization, the test flow, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway import faults
from gateway.faults import EmrBusy, Fault
from gateway.translation.contract import Account, Call, Flow, Reply, Setting, send
from translators.internal.bodies import RELATIONS, SCALARS
from translators.internal.operations import patients, rows_of

SETTINGS: Mapping[str, Setting] = {
    "org_id": Setting("the organisation's id in the paths of the API: /api/v1/ORG_ID/..."),
    "poll_minutes": Setting("minutes between two pulls", "15"),
    "full_walks": Setting("pulls until every known patient was read in full; those of up to 100 at each", "24"),
}
SECRETS: Mapping[str, Setting] = {"token": Setting("the API token that is sent as a bearer token")}

MEANINGS: Mapping[int, tuple[type[Fault], str]] = {
    400: (faults.EmrRefused, "the EMR could not read the request"),
    401: (faults.EmrDenied, "the EMR refused the token: set a valid one with --secret token=..."),
    403: (faults.EmrDenied, "the token may not do this: ask the EMR's administrator for access to patients"),
    404: (
        faults.EmrRefused,
        "the EMR does not have the patient, or an entity that the patient refers to: "
        "check the setting org_id, the location mapping, and whether the patient was archived there",
    ),
    405: (faults.EmrSwitchedOff, "the EMR does not offer this operation at this address: check the base URL"),
    408: (faults.EmrUnreachable, "the EMR gave up waiting for the request"),
    409: (faults.EmrRefused, "the EMR has another version of the record, or the chart number is taken"),
    410: (faults.EmrSwitchedOff, "the EMR no longer offers this operation"),
    422: (faults.EmrRefused, "the EMR finds the record invalid"),
}
_FIELDS = frozenset({*SCALARS, *(f"{name}_uuid" for name in RELATIONS), "status", "new_status", "base_version"})


def authorize(account: Account, call: Call) -> Mapping[str, str]:
    if call.token is None:
        return {}
    return {"Authorization": f"Bearer {account.secrets['token']}"}


def fault(reply: Reply) -> Fault:
    if reply.status == 422:
        return _invalid(reply)
    if reply.status in (429, 503):
        return EmrBusy("the EMR asks to come back later", after=_after(reply))
    if reply.status in MEANINGS:
        kind, text = MEANINGS[reply.status]
        return kind(text)
    if 400 <= reply.status < 500:
        return faults.EmrRefused(f"the EMR refused the request with status {reply.status}")
    if reply.status >= 500:
        return faults.EmrUnreachable(f"the EMR failed with status {reply.status}")
    return faults.EmrNonsense(f"the EMR answered with the unexpected status {reply.status}")


def _after(reply: Reply) -> float | None:
    seconds = reply.headers.get("retry-after", "")
    return float(seconds) if re.fullmatch(r"[0-9]{1,6}", seconds) else None


def _invalid(reply: Reply) -> Fault:
    """A 422 names the fields it is about; only names that the API documents are repeated, never a value."""
    named = sorted(_named(reply))
    text = MEANINGS[422][1]
    return faults.EmrRefused(f"{text}: correct {', '.join(named)}" if named else text)


def _named(reply: Reply) -> set[str]:
    try:
        body = reply.json()
    except faults.EmrNonsense:
        return set()
    detail: Any = body.get("detail") if isinstance(body, dict) else None
    places = [item.get("loc") for item in detail if isinstance(item, dict)] if isinstance(detail, list) else []
    return {part for place in places if isinstance(place, list) for part in place if isinstance(part, str)} & _FIELDS


def test(account: Account) -> Flow[str]:
    """One patient is asked for; no more is needed to know that address, organisation and token fit."""
    reply = yield from send(Call("GET", patients(account), (("page", "1"), ("page_size", "1"))))
    rows_of(reply, "items")
    return f"the EMR accepts the token for organisation {account.settings['org_id']}"
