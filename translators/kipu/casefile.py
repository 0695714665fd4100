"""KIPU's keys. A casefile is one stay: `{patient number}:{master uuid}`; the master is the person, over all stays.

Our own id of a patient goes out as `sending_app_patient_id`. How a read shows it is not published; we take items of
`ext_id_mappings` and `external_apps` that name us (or nobody) and hold the id under one of `ID_NAMES`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.translation.contract import Linked
from gateway.translation.rows import Record
from translators.kipu.coverage import member_id
from translators.kipu.system import SENDER

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
CASEFILE = re.compile(rf"(?P<number>[0-9]+):(?P<master>{UUID})")
LIVE = re.compile(rf"(?P<number>[0-9]+)(?:\.(?P<master>{UUID})(?:\.(?P<rest>[A-Za-z0-9-]+))?)?")
APP_NAMES = ("external_app", "external_app_name", "app_name", "sending_app_name", "name")
ID_NAMES = ("external_id", "ext_id", "sending_app_patient_id")


def parts(casefile: str) -> tuple[int, str] | None:
    """The number and the master of a casefile id; None for what is no such id."""
    found = CASEFILE.fullmatch(casefile)
    return (int(found["number"]), found["master"]) if found else None


def live_id(casefile: str) -> str:
    """The casefile id as a FHIR id, which knows no colon."""
    return casefile.replace(":", ".")


@dataclass(frozen=True, slots=True)
class LiveId:
    """A live id taken apart. A number alone is KIPU's to refuse: it wants the master with it."""

    number: str
    master: str
    rest: str | None


def from_live(id: str) -> LiveId | None:
    found = LIVE.fullmatch(id)
    return LiveId(found["number"], found["master"] or "", found["rest"]) if found else None


def policy_suffix(item: Mapping[str, Any]) -> str:
    """What a policy adds to its casefile's live id: KIPU's key, or a digest of the member id, which is not shown."""
    key = str(item.get("id") or "")
    if re.fullmatch(r"[A-Za-z0-9-]{1,16}", key):
        return key
    return f"m-{hashlib.sha256((member_id(item) or '').encode()).hexdigest()[:8]}"


def our_id(record: Mapping[str, Any]) -> str | None:
    """Our own id of the patient, when KIPU gives it back."""
    for name in ("ext_id_mappings", "external_apps"):
        for item in record.get(name) or ():
            if not isinstance(item, dict):
                continue
            app = next((item[key] for key in APP_NAMES if item.get(key)), SENDER)
            ours = next((item[key] for key in ID_NAMES if item.get(key)), None)
            if app == SENDER and ours:
                return str(ours)
    return None


def newest(link: Linked) -> str | None:
    """The casefile that the link's last record is of: after a re-admission, a later one than the link's own."""
    return (link.record or {}).get("casefile_id") or link.external_id


def number(record: Record) -> int:
    found = parts(str(record.get("casefile_id", "")))
    return found[0] if found else 0
