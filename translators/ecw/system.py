"""eClinicalWorks as a system: what a connection needs, how calls are authorized, what failures mean."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from gateway.faults import (
    EmrBusy,
    EmrDenied,
    EmrNonsense,
    EmrRefused,
    EmrSwitchedOff,
    EmrUnreachable,
    Fault,
    Gone,
    NotFound,
)  # fmt: skip
from gateway.translation.contract import Reply, Setting
from gateway.translation.limits import Minute
from translators.ecw.denials import OAUTH

MODULES = ("Patient", "Practitioner", "Location", "Organization", "Coverage", "Encounter")
SETTINGS: Mapping[str, Setting] = {
    "token_url": Setting("OAuth token endpoint; empty: discovered from the base URL", ""),
    "audience": Setting("`aud` of the signed assertion; empty: the token URL", ""),
    "scope": Setting("scopes registered for this application, separated by spaces; empty: those the gateway needs", ""),
    "assigner_oid": Setting("number of this application under 2.16.840.1.113883.4.391, for our patient identifier", ""),
    "default_facility": Setting("id of the eClinicalWorks Location for patients who have none", ""),
    "poll_minutes": Setting("minutes between two pulls", "120"),
    "modules": Setting(f"what is pulled, of {', '.join(MODULES)}; empty: everything", "", words=MODULES),
    "pull_share": Setting("per cent of the practice's 250 calls a minute that pulls may use", "50", between=(1, 100)),
    "new_days": Setting(
        "days back from which on encounters are searched for patients whom nobody here knows; 0: not at all",
        "30",
        between=(0, 3650),
    ),
    "group": Setting("id of the practice's Group whose patients are exported; empty: none", ""),
}
SECRETS: Mapping[str, Setting] = {"client_id": Setting("client id that eClinicalWorks gave this application")}
RATE = Minute(250)
"""Per practice, which the base URL names; token requests are counted."""
NOT_ENABLED = "authentication is not enabled"
OLD_BUILD = "not supported for the selected scope"

HTTP: Mapping[int, tuple[type[Fault], str]] = {
    400: (EmrRefused, "eClinicalWorks found the request wrong: a parameter or element that it does not take"),
    401: (
        EmrDenied,
        "eClinicalWorks did not take the access token: check that the practice has activated the application",
    ),
    403: (
        EmrDenied,
        "eClinicalWorks refused access: the token's scopes do not reach this record, the practice has not activated "
        "the application, or this server calls from abroad",
    ),
    404: (NotFound, "eClinicalWorks has no such record or path: check the practice code at the end of the base URL"),
    408: (EmrUnreachable, "eClinicalWorks took too long"),
    410: (Gone, "The record was removed from eClinicalWorks"),
    413: (EmrRefused, "The record is too large for eClinicalWorks: shorten its texts"),
    422: (EmrRefused, "eClinicalWorks refused the record as it is: correct what its guide for this resource demands"),
    502: (EmrUnreachable, "eClinicalWorks cannot be reached behind its gateway"),
    503: (EmrUnreachable, "eClinicalWorks is out of service for the moment"),
    504: (EmrUnreachable, "eClinicalWorks did not answer its own gateway in time"),
}


def authorize(token: str | None) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def fault(reply: Reply) -> Fault:
    """Status and known error words only; nothing of the body is repeated."""
    answer = _answer(reply)
    return _worded_fault(reply) or _oauth_fault(answer) or _status_fault(reply)


def _answer(reply: Reply) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _oauth_fault(answer: Mapping[str, Any]) -> Fault | None:
    """`error` is the code; some servers put the HTTP status there and the code into the description."""
    for word in (answer.get("error"), answer.get("error_description")):
        if isinstance(word, str) and word in OAUTH:
            kind, text = OAUTH[word]
            return kind(text)
    return None


def _worded_fault(reply: Reply) -> Fault | None:
    """Two refusals that only their wording tells from others."""
    text = reply.body[:10_000].decode("utf-8", "replace").casefold() if reply.status in (400, 401, 403) else ""
    if NOT_ENABLED in text:
        return EmrSwitchedOff("The practice has not activated this application: its administrator has to do it in eCW")
    if OLD_BUILD in text:
        return EmrSwitchedOff("The practice runs a build of eClinicalWorks that does not offer this resource yet")
    return None


def _status_fault(reply: Reply) -> Fault:
    if reply.status == 429:
        return EmrBusy(
            "eClinicalWorks counted 250 calls in this minute and takes no more", after=_rest_of_minute(reply)
        )
    if reply.status in HTTP:
        kind, text = HTTP[reply.status]
        return kind(text)
    if 400 <= reply.status < 500:
        return EmrRefused(
            f"eClinicalWorks refused the request with status {reply.status}; ask its support what it means"
        )
    return EmrNonsense(f"eClinicalWorks answered with status {reply.status}, which is an error of its own")


def _rest_of_minute(reply: Reply) -> float:
    """The block ends with the minute of the wall clock; eCW's own clock stands in its Date header."""
    try:
        second = parsedate_to_datetime(reply.headers.get("date", "")).second
    except ValueError:
        return 60.0
    return 60.0 - second + 1
