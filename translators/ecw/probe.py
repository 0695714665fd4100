"""Test Connection, step by step, so that the first thing that fails is what to mend.

Address, clock, discovery, key, scopes for reading, reading, scopes for writing, finding patients. Tokens are asked for
anew: a kept one would prove what held some minutes ago. Where a set of scopes is refused each is asked for by itself,
as eCW says neither which it dislikes nor whether it is the scopes at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gateway.faults import EmrDenied, EmrNonsense, EmrRefused, EmrUnreachable, Misconfigured
from gateway.translation.contract import Account, Call, Flow, Moment, Reply, send
from translators.ecw import oauth, scopes, system
from translators.ecw.denials import NotGranted

HEADERS = {"Accept": "application/fhir+json"}
SKEW = 60.0
"""Seconds: an assertion lives five minutes, and what is amiss by one already shows."""
PATH = "the base URL has to end in the practice code, six letters as in /fhir/r4/FFBJCD"
NO_SERVER = f"There is no FHIR server of a practice at the base URL: {PATH}, and the practice has to have FHIR enabled"
NO_CODE = f"The base URL names no practice: {PATH}"
ABROAD = "eClinicalWorks answers calls from within the United States only: check from where this server calls"
ALL = "eClinicalWorks takes the key and grants reading and writing of patients"
READING = "eClinicalWorks takes the key and grants reading"
NOBODY = (("_id", "crosswalk-connection-test"),)
REFUSING = frozenset({500, 502, 503, 504})


def test(account: Account, moment: Moment) -> Flow[str]:
    """A sentence for the operator; faults say what to mend."""
    if unknown := scopes.unknown(account):
        raise Misconfigured(f"The setting `scope` holds what is no scope of a system: {', '.join(unknown)}")
    late = _late((yield from _statement(account)), moment)
    ask = _Asking(account, moment, (yield from oauth.token_url(account)), late)
    yield from ask.granted(scopes.reading(account), "reading")
    yield from _searched(*_readable(account), scopes.reading(account))
    if account.settings.get("group"):
        yield from ask.granted(scopes.bulk(account, ("Patient",)), "the export of a Group")
    if account.settings.get("push", "true") == "false":
        return f"{READING}{_clock_note(late)}."
    try:
        yield from ask.granted(scopes.writing(account), "writing patients")
        yield from _searched("/Patient", NOBODY, scopes.writing(account))
    except (EmrDenied, EmrRefused) as refused:
        raise type(refused)(f"Reading works, writing does not: {refused} (or switch pushing off)") from refused
    return f"{ALL}{_clock_note(late)}."


def _statement(account: Account) -> Flow[Reply]:
    call = Call("GET", "/metadata", headers=HEADERS, token=None, accepts=oauth.ABSENT | REFUSING)
    try:
        reply = yield from send(call)
    except EmrUnreachable as fault:
        if fault.unsent:
            raise
        raise EmrUnreachable(f"{fault}. {ABROAD}, and whether eClinicalWorks is down") from None
    if reply.status in REFUSING:
        raise system.fault(reply)
    if reply.status == 403:
        raise EmrDenied(f"eClinicalWorks refuses calls of this server. {ABROAD}")
    if reply.status != 200 or _document(reply).get("resourceType") != "CapabilityStatement":
        raise Misconfigured(NO_SERVER if _names_practice(account.base_url) else NO_CODE)
    return reply


def _names_practice(base_url: str) -> bool:
    return urlsplit(base_url).path.rpartition("/")[2] not in ("", "r4", "fhir")


class _Asking:
    """For tokens, at one endpoint; each assertion has an id of its own."""

    def __init__(self, account: Account, moment: Moment, url: str, late: float | None) -> None:
        self.account, self.url, self.late = account, url, late
        self.moments: Iterator[Moment] = (replace(moment, nonce=f"{moment.nonce}-{number}") for number in count())

    def granted(self, wanted: str, what: str) -> Flow[None]:
        """Raises what keeps eCW from it, in words."""
        try:
            yield from oauth.minted(self.account, self.url, wanted, next(self.moments))
        except NotGranted as refused:
            each = yield from self._each(wanted.split())
            raise NotGranted(self._told(each, what)) from refused

    def _each(self, wanted: Iterable[str]) -> Flow[dict[str, bool]]:
        granted = {}
        for scope in wanted:
            try:
                yield from oauth.minted(self.account, self.url, scope, next(self.moments))
                granted[scope] = True
            except NotGranted:
                granted[scope] = False
        return granted

    def _told(self, each: dict[str, bool], what: str) -> str:
        refused = ", ".join(scope for scope, is_granted in each.items() if not is_granted)
        granted = ", ".join(scope for scope, is_granted in each.items() if is_granted)
        if not refused:
            return f"eClinicalWorks grants each scope for {what} by itself and not together: ask its support"
        if granted:
            return (
                f"eClinicalWorks does not grant for {what}: {refused}. It grants: {granted}. Have the missing ones "
                "registered and activated for the practice, or take them out of the setting `scope`"
            )
        return self._nothing(refused, what)

    def _nothing(self, refused: str, what: str) -> str:
        if self.late is not None and abs(self.late) > SKEW:
            return f"eClinicalWorks refuses every request as expired or not yet valid: {_clock(self.late)}"
        audience = self.account.settings.get("audience") or self.url
        return (
            f"eClinicalWorks knows the key and grants none of the scopes for {what}, not one by itself ({refused}): "
            "have them registered and the application activated for the practice; if they are, set `audience`, which "
            f"is {audience} now, to what eClinicalWorks expects, and check this server's clock"
        )


def _readable(account: Account) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A search that the scopes for reading allow."""
    if scopes.reads(account, "Location"):
        return "/Location", ()
    return "/Patient", NOBODY


def _searched(path: str, query: tuple[tuple[str, str], ...], scope: str) -> Flow[None]:
    reply = yield from send(Call("GET", path, query, headers=HEADERS, token=scope))
    if _document(reply).get("resourceType") != "Bundle":
        raise EmrNonsense("eClinicalWorks answered a search with something that is no Bundle")


def _late(reply: Reply, moment: Moment) -> float | None:
    """By how many seconds our clock is behind eCW's; None where its answer does not say."""
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return None
    ours: datetime = reply.sent or moment.now
    return (theirs - ours).total_seconds() if theirs.tzinfo else None


def _clock(late: float) -> str:
    return f"the clock of this server is {abs(late):.0f} seconds {'behind' if late > 0 else 'ahead of'} theirs; set it"


def _clock_note(late: float | None) -> str:
    return f", but {_clock(late)}" if late is not None and abs(late) > SKEW else ""


def _document(reply: Reply) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
