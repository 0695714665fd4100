"""Address, credentials and failures of Ritten's External API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

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
from gateway.translation.contract import Account, Call, Flow, Minting, Reply, Setting, Token, send
from gateway.translation.limits import Bucket
from translators.ritten.documents import listed

SETTINGS = {
    "tenant": Setting("The clinic's name in Ritten, sent as X-Ritten-Tenant"),
    "audience": Setting("The audience of access tokens; by default it follows from the base URL", ""),
    "token_url": Setting("Where access tokens are issued; by default BASE/oauth/token", ""),
    "poll_minutes": Setting("Minutes from one walk over all patients to the next", "60"),
    "full_walks": Setting("Walks until every known patient has been read in full, whatever the lists show", "24"),
}
SECRETS = {
    "client_id": Setting("The client id that Ritten issued"),
    "client_secret": Setting("The client secret that Ritten issued"),
}
RATE = Bucket(100, 50.0, shared_by=("client_id",))
MINTING = Minting(
    depends=("client_id", "client_secret", "audience", "token_url"),
    quota=((2, 3600.0), (3, 86400.0)),
    application=("client_id",),
)
"""Per application, of all tenants that let it in."""
CONCURRENCY = 4
TENANT = "X-Ritten-Tenant"


def audience(account: Account) -> str:
    """As set, else by Ritten's rule: `https://external-api.X` for an API at `api.X`; elsewhere the origin."""
    if chosen := account.settings.get("audience"):
        return chosen
    parts = urlsplit(account.base_url)
    host = parts.hostname or ""
    if host.startswith("api.") and host.endswith(".ritten.io"):
        return f"https://external-{host}"
    return f"{parts.scheme}://{parts.netloc}"


def headers(account: Account, token: str | None) -> Mapping[str, str]:
    """The token endpoint is called without any: the secret in its body is the authorization."""
    if token is None:
        return {"Accept": "application/json"}
    return {
        "Accept": "application/json",
        "Authorization": f"Bearer {token}",
        TENANT: account.settings["tenant"],
    }


def token(account: Account) -> Flow[Token]:
    body = {
        "client_id": account.secrets["client_id"],
        "client_secret": account.secrets["client_secret"],
        "audience": audience(account),
        "grant_type": "client_credentials",
    }
    url = account.settings.get("token_url") or "/oauth/token"
    answer = (yield from send(Call("POST", url, json=body, token=None))).json()
    try:
        return Token(answer["access_token"], float(answer["expires_in"]))
    except (KeyError, TypeError, ValueError) as error:
        raise EmrNonsense("Ritten's token endpoint answered without access_token and expires_in") from error


def test(account: Account) -> Flow[str]:
    """One small read with token and tenant."""
    reply = yield from send(Call("GET", "/facilities", query=(("limit", "1"),)))
    total = listed(reply, "facilities")[1]
    known = "" if total is None else f"; it has {total} active facilities"
    return f"Ritten answers for tenant {account.settings['tenant']}{known}"


_OAUTH: Mapping[str, tuple[type[Fault], str]] = {
    "invalid_client": (
        EmrDenied,
        "Ritten refused the credentials (invalid_client): check client_id and client_secret, and that they belong to "
        "the environment of the base URL",
    ),
    "invalid_audience": (
        Misconfigured,
        "Ritten does not know this audience: set `audience` to that of the environment, such as "
        "https://external-api.ritten.io",
    ),
    "invalid_request": (EmrRefused, "Ritten's token endpoint called the request incomplete (invalid_request)"),
    "unsupported_grant_type": (EmrRefused, "Ritten's token endpoint does not take client_credentials"),
    "bad_gateway": (EmrUnreachable, "Ritten's identity provider did not answer; it is tried again"),
}
_STATUS: Mapping[int, tuple[type[Fault], str]] = {
    400: (EmrRefused, "Ritten called the request invalid (400): a value in it breaks its contract"),
    401: (
        EmrDenied,
        "Ritten did not accept the access token (401): check client_id, client_secret and that audience and base URL "
        "belong to one environment",
    ),
    403: (
        EmrSwitchedOff,
        "Ritten has not granted this feature to the integration, or does not let it into this tenant (403): check "
        "`tenant`, then ask Ritten to grant it",
    ),
    404: (EmrRefused, "Ritten has no such record (404): it was removed there, or the base URL is wrong"),
    405: (Misconfigured, "Ritten does not know this operation (405): check that the base URL ends in /v1"),
    408: (EmrUnreachable, "Ritten did not read the request in time (408)"),
    409: (EmrRefused, "Ritten says that the record conflicts with one that it has (409): look for a duplicate there"),
    410: (EmrSwitchedOff, "Ritten no longer has this endpoint (410)"),
    413: (EmrRefused, "the record is too large for Ritten (413)"),
    422: (EmrRefused, "Ritten could not process the record (422): a value in it breaks its contract"),
    502: (EmrUnreachable, "Ritten is not reachable behind its gateway (502)"),
    503: (EmrUnreachable, "Ritten is out of service (503)"),
    504: (EmrUnreachable, "Ritten did not answer in time (504); what was asked may have happened"),
}
MINT_PAUSE = 1800.0
"""Two tokens an hour: half an hour after a refusal there is room for one again."""


def fault(reply: Reply) -> Fault:
    """What a reply outside 2xx means. Of bodies only OAuth's have a documented form, and their `error` is looked at."""
    error = _oauth_error(reply)
    if reply.status == 429:
        return _busy(reply, error)
    kind, text = _OAUTH.get(error) or _STATUS.get(reply.status) or _by_class(reply.status)
    return kind(text)


def _oauth_error(reply: Reply) -> str:
    try:
        body = reply.json()
    except EmrNonsense:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) else ""


def _busy(reply: Reply, error: str) -> Fault:
    asked = _seconds(reply.headers.get("retry-after", ""))
    if error == "rate_limit_exceeded":
        return EmrBusy(
            "Ritten issues 2 access tokens an hour and 3 a day, and they are used up: the token is asked for again "
            "later; do not share the credentials with another integration",
            after=MINT_PAUSE if asked is None else asked,
        )
    return EmrBusy("Ritten's limit of 50 calls a second is used up", after=1.0 if asked is None else asked)


def _seconds(text: str) -> float | None:
    """Retry-After in seconds; Ritten documents none, so a date is not looked at."""
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _by_class(status: int) -> tuple[type[Fault], str]:
    if 400 <= status < 500:
        return EmrRefused, f"Ritten refused the request ({status})"
    if status < 400:
        return Misconfigured, f"Ritten answered {status} where a result was due: check the base URL"
    return EmrNonsense, f"Ritten failed inside ({status}); it is tried again"
