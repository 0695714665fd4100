"""Where a call goes: the whole URL of it, and whether the account's credentials may go there.

An origin is compared as scheme, host and port, never as a prefix: `https://emr.example.evil.net` begins with
`https://emr.example`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlencode

import httpx

from gateway.faults import Misconfigured, NotFound
from gateway.translation.contract import Account, Call

Origin = tuple[str, str, int | None]
_UNESCAPED = re.compile(r"[\x00-\x20\x7f#\\]|[^\x00-\x7f]")


def url_of(account: Account, call: Call) -> httpx.URL:
    """The URL to send to. What stands in it is exactly what goes over the wire."""
    whole = f"{account.base_url}{call.path}" if call.path.startswith("/") else call.path
    _check_path(call.path)
    if call.query:
        whole += ("&" if "?" in whole else "?") + urlencode(call.query, quote_via=quote)
    url = _parsed(whole)
    _check_origin(account, call, url)
    return url


def _check_path(path: str) -> None:
    before_query = path.partition("?")[0]
    if any(unquote(segment) in (".", "..") for segment in before_query.split("/")):
        raise NotFound("The EMR has no record whose id is made of dots")
    if _UNESCAPED.search(path):
        raise NotFound("The EMR has no record with such an id")


def _check_origin(account: Account, call: Call, url: httpx.URL) -> None:
    allowed = {_origin(_parsed(account.base_url))}
    if call.token is None and (token_url := account.settings.get("token_url")):
        allowed.add(_origin(_parsed(token_url)))
    if call.token is None and call.discovered and url.scheme == "https":
        allowed.add(_origin(url))
    if url.userinfo or _origin(url) not in allowed:
        there = f"{url.scheme}://{url.netloc.decode('ascii')}"
        raise Misconfigured(
            f"Connection {account.name}: the EMR points to {there}, and credentials go nowhere but to the host and port"
            " of base_url and, for tokens, of token_url: if this host is meant, set it"
        )


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port


def _parsed(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise Misconfigured("An address of the EMR is no URL: check base_url and token_url") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise Misconfigured("An address of the EMR is not http(s)://host…: check base_url and token_url")
    return url
