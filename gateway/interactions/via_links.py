"""Links of a Bundle that an EMR answered, as links of ours: where they lead is decided here, not by who follows them.

A page link leads below the EMR's base or nowhere. One with parameters that the EMR does not declare (its own way of
turning pages) is sealed, so that it passes when it comes back and none that a client made up does.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from gateway.search.paging import PAGE
from gateway.translation.addresses import Addresses

Params = Sequence[tuple[str, str]]
Link = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seal:
    """Of one connection."""

    key: bytes
    org: int
    connection: str

    def of(self, path: str, params: Params) -> str:
        sealed = repr(("via", self.org, self.connection, path, list(params)))
        return (
            urlsafe_b64encode(hmac.digest(self.key, sealed.encode("utf-8", "replace"), "sha256")).decode().rstrip("=")
        )

    def opens(self, path: str, params: Params, token: str) -> bool:
        return hmac.compare_digest(self.of(path, params).encode(), token.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Links:
    """Those of the answer to one request."""

    addresses: Addresses
    seal: Seal
    path: str
    """What was asked for, below the base, without a leading slash …"""
    asked: Params
    """… and how, in the client's words."""
    takes: Callable[[str, str], bool]
    """Whether a parameter would pass without a seal."""

    def ours(self, links: Any) -> list[Link] | None:
        """None where nothing but the base of each has to change."""
        if not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
            return []
        made = [{**link, "url": url} for link in links if (url := self._url(link)) is not None]
        plain = [{**link, "url": self._rebased(link.get("url"))} for link in links]
        return None if made == plain else made

    def _rebased(self, url: Any) -> Any:
        return self.addresses.to_ours(url.encode()).decode() if isinstance(url, str) else url

    def _url(self, link: Link) -> str | None:
        url = link.get("url")
        if not isinstance(url, str):
            return None
        rest = self.addresses.below(url, self.path)
        if rest is None:  # its base is none that we know: only the query counts, which cannot lead elsewhere
            query = urlsplit(url).query
            rest = f"/{self.path}?{query}" if query else None
        if link.get("relation") == "self":
            return self._written(self.path, self.asked) if rest is None else self._own(rest, is_page=False)
        return self._own(rest, is_page=True) if rest is not None else None

    def _own(self, rest: str, *, is_page: bool) -> str | None:
        path, _, query = rest.partition("#")[0].partition("?")
        path = path.strip("/")
        sent = parse_qsl(query, keep_blank_values=True)
        params = [(name, self._rebased(value)) for name, value in sent]
        if is_page and path == self.path and sorted(params) == sorted(self.asked):
            return None  # a page that follows itself would be followed for ever
        if is_page and (path != self.path or not all(self.takes(name, value) for name, value in params)):
            return self._written(path, [*params, (PAGE, self.seal.of(path, params))])
        return f"{self.addresses.ours}{rest}" if params == sent else self._written(path, params)

    def _written(self, path: str, params: Params) -> str:
        return f"{self.addresses.ours}/{path}".rstrip("/") + (f"?{urlencode(params)}" if params else "")
