"""KIPU's address, signature and ways of failing.

Every request is signed (scheme APIAuth): HMAC over `content type,content MD5,request target,date`, the first two empty
without a body. Version 3 takes HMAC-SHA1; version 4 HMAC-SHA256 under the scheme name APIAuth-HMAC-SHA256. The target
is signed as it is sent, byte for byte: escaping or ordering it anew would break the signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from gateway.faults import (
    EmrBusy,
    EmrDenied,
    EmrNonsense,
    EmrRefused,
    EmrSwitchedOff,
    EmrUnreachable,
    Fault,
    Misconfigured,
)
from gateway.translation.contract import Account, Call, Moment, Reply, Setting

WAIT = re.compile(r"[0-9]{1,6}")
"""Retry-After in seconds; a date or more than eleven days is left to the runner's own patience."""
HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, [0-3][0-9] [A-Z][a-z]{2} 2[0-9]{3} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] GMT")
SENDER = "Crosswalk"
"""What KIPU's staff see as the sending application; our ids come back under this name."""

SETTINGS: Mapping[str, Setting] = {
    "app_id": Setting("the app_id (recipient_id) that KIPU gave for this instance"),
    "api_version": Setting("version of KIPU's API", "3", ("3", "4")),
    "poll_minutes": Setting("minutes between pulls", "60"),
    "history_days": Setting("how many days of admissions the first load goes back; 0: the census alone", "365"),
    "location_id": Setting("KIPU location of new patients whose own location is not mapped", ""),
    "time_zone": Setting("the facility's zone, as America/Denver; empty: times are sent with the digits they have", ""),
}
SECRETS: Mapping[str, Setting] = {
    "access_id": Setting("the access_id that KIPU gave"),
    "secret_key": Setting("the secret_key that belongs to the access_id"),
}

DIGESTS = {"3": ("sha1", "APIAuth"), "4": ("sha256", "APIAuth-HMAC-SHA256")}
SKEW = timedelta(minutes=15)
"""How far apart the clocks may be: KIPU refuses a signature that is older."""


class NotAllowed(EmrDenied):
    """403: the credentials do not belong together, or lack a right."""


class NotTaken(EmrRefused):
    """422: the document breaks a rule of KIPU's."""


class Failed(EmrNonsense):
    """A failure that KIPU does not say will pass: it is not tried again."""

    retryable = False


WAYS_TO_FAIL: Mapping[int, Fault] = {
    400: EmrRefused("KIPU does not understand the request; check that api_version is what KIPU has enabled"),
    401: EmrDenied("KIPU refuses the signature: secret_key or access_id is wrong; copy both anew from KIPU"),
    403: NotAllowed("KIPU refuses access: access_id, secret_key and app_id must belong to one KIPU API client"),
    404: EmrRefused("KIPU does not have this; the chart may have been deleted, or belongs to another instance"),
    410: EmrSwitchedOff("This is switched off for this instance of KIPU; ask KIPU to enable the endpoint"),
    422: NotTaken("KIPU refuses this record; check names, date of birth and location against the chart rules in KIPU"),
    429: EmrRefused("KIPU takes no more requests for now (status 429); push or pull again later"),
    502: EmrBusy("KIPU is down or being upgraded"),
    503: EmrBusy("KIPU is overloaded"),
    504: EmrUnreachable("KIPU did not answer in time"),
}


def content_md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def signature(secret: str, version: str, canonical: str) -> str:
    digest, _ = DIGESTS[version]
    return base64.b64encode(hmac.digest(secret.encode(), canonical.encode(), digest)).decode()


def authorize(account: Account, call: Call, target: str, body: bytes, moment: Moment) -> dict[str, str]:
    version = account.settings["api_version"]
    headers = {
        "Accept": f"application/vnd.kipusystems+json; version={version}",
        "Date": format_datetime(moment.now.astimezone(UTC), usegmt=True),
    }
    if body:
        headers |= {"Content-Type": call.media_type or "application/json", "Content-MD5": content_md5(body)}
    signed = (headers.get("Content-Type", ""), headers.get("Content-MD5", ""), target, headers["Date"])
    sign = signature(account.secrets["secret_key"], version, ",".join(signed))
    return {**headers, "Authorization": f"{DIGESTS[version][1]} {account.secrets['access_id']}:{sign}"}


def fault(reply: Reply) -> Fault:
    if reply.status == 503 and "retry-after" in reply.headers:
        wait = reply.headers["retry-after"]
        return EmrBusy("KIPU asks to come back later", after=float(wait) if WAIT.fullmatch(wait) else None)
    if reply.status == 401 and (apart := skew(reply)) is not None and abs(apart) > SKEW:
        return EmrDenied(f"KIPU refuses the signature: {wrong_clock(apart)}. Set the clock; KIPU takes 15 minutes")
    known = WAYS_TO_FAIL.get(reply.status)
    if known is not None:
        return type(known)(str(known))
    if 400 <= reply.status < 500:
        return EmrRefused(f"KIPU refuses the request with status {reply.status}")
    return Failed(f"KIPU failed with status {reply.status}; tell KIPU's support, and push or pull again")


def skew(reply: Reply) -> timedelta | None:
    """How far our clock is ahead of KIPU's, by the Date of its answer."""
    told = HTTP_DATE.match(reply.headers.get("date", ""))
    try:
        return None if told is None or reply.sent is None else reply.sent - parsedate_to_datetime(told[0])
    except ValueError:  # no such day
        return None


def wrong_clock(apart: timedelta) -> str:
    minutes = round(abs(apart).total_seconds() / 60)
    spoken = f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
    return f"this machine's clock is {spoken} {'ahead of' if apart > timedelta() else 'behind'} KIPU's"


def get(account: Account, path: str, *query: tuple[str, str], accepts: frozenset[int] = frozenset()) -> Call:
    return Call("GET", path, (("app_id", app_id(account)), *query), accepts=accepts)


def app_id(account: Account) -> str:
    found = account.settings.get("app_id", "")
    if not found:
        raise Misconfigured("the connection has no app_id; give it with --set app_id=… (KIPU calls it recipient_id)")
    return found


def listed(reply: Reply, name: str) -> list[dict[str, Any]]:
    """The rows of a list answer."""
    body = reply.json()
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EmrNonsense(f"KIPU answered without the list {name}")
    return rows


def pages(reply: Reply) -> tuple[int | None, int | None]:
    """How many pages and records there are; KIPU writes these numbers as strings."""
    found = reply.json().get("pagination") or {}
    total, records = (str(found.get(name, "")) for name in ("total_pages", "total_records"))
    return int(total) if total.isdigit() else None, int(records) if records.isdigit() else None
