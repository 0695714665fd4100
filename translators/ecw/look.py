"""The patient as eCW has it now, looked at before an update: what its staff changed is merged, and conflicts are kept.

The Patient alone, as nothing else is pushed; with the scopes of the push, which may be all that is granted.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.translation.contract import Account, Call, Flow, Part, Pulled, gather
from translators.ecw import scopes
from translators.ecw.patient import PATIENT
from translators.ecw.relative import below
from translators.ecw.searchset import check
from translators.ecw.spelling import languages_read

HEADERS = {"Accept": "application/fhir+json"}
GONE = frozenset({404, 410})


def fetch(account: Account, keys: Sequence[str]) -> Flow[tuple[Pulled, ...]]:
    """Those that eCW shows."""
    scope = scopes.writing(account)
    calls = [Call("GET", f"/Patient/{key}", headers=HEADERS, token=scope, accepts=GONE) for key in keys]
    charts = []
    for key, reply in zip(keys, (yield from gather(calls)), strict=True):
        if reply.status in GONE:
            continue
        record = reply.json()
        check(record, "Patient", key)
        read = languages_read(below(record, account.base_url))
        charts.append(Pulled(key, (Part(PATIENT.bound(account.bindings), key, read),), asked=reply.sent))
    return tuple(charts)
