"""What a search may look into and add, by the scopes of the caller, and the value sets that it may name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.access.seen import SeenTransaction
from gateway.definitions.expansion import ValueSets
from gateway.faults import Forbidden
from gateway.interactions.exchange import Exchange
from gateway.search.criteria import Authority, Codes
from gateway.search.includes import EVERY, INCLUDE, REVINCLUDE
from gateway.search.query import Criterion, Query, TokenValue, UriValue
from gateway.store import document
from gateway.store.contract import Page

Params = Sequence[tuple[str, str]]
MEMBERSHIP = (":in", ":not-in")


def authority(exchange: Exchange, stored: Mapping[str, Codes] | None = None) -> Authority:
    """A chain is a search of each type on its way; `stored` are value sets of the organisation's own."""
    definitions = exchange.services.definitions

    def value_set(url: str) -> Codes | None:
        return (stored or {}).get(url) or definitions.value_set(url)

    def reaches(type: str) -> bool:
        return type in definitions.served and exchange.sight.looks_into(type)

    return Authority(reaches, value_set)


def check_includes(exchange: Exchange, params: Params) -> None:
    """Where a type is named, leaving it out in silence would be a wrong answer; what else is found is restricted."""
    for name, text in params:
        code = name.partition(":")[0]
        source, _, rest = text.partition(":")
        target = rest.partition(":")[2]
        if code == INCLUDE and target:
            _require(exchange, target, "r", name)
        if code == REVINCLUDE and source != EVERY:
            for action in "rs":
                _require(exchange, source, action, name)


def _require(exchange: Exchange, type: str, action: str, name: str) -> None:
    if type in exchange.services.definitions.all_types and not exchange.sight.allows(type, action):
        raise Forbidden(f"The token's scopes do not allow this: it needs system/{type}.{action}", name)


async def value_sets(exchange: Exchange, params: Params) -> Mapping[str, Codes]:
    """The stored value sets that `:in` and `:not-in` name, as far as they list their codes."""
    return _listed([(url, await exchange.store.search(query)) for url, query in _named(exchange, params)])


def value_sets_within(exchange: Exchange, params: Params, seen: SeenTransaction) -> Mapping[str, Codes]:
    """Those that a transaction has written, too."""
    return _listed([(url, seen.search(query)) for url, query in _named(exchange, params)])


def _named(exchange: Exchange, params: Params) -> list[tuple[str, Query]]:
    if not exchange.sight.allows("ValueSet", "r"):
        return []
    urls = {text for name, text in params if name.endswith(MEMBERSHIP)}
    return [(url, _value_set_at(exchange, url)) for url in sorted(urls)]


def _value_set_at(exchange: Exchange, url: str) -> Query:
    """By its canonical URL, or by its place here, in full or relative (search.html#token)."""
    place = url.removeprefix(f"{exchange.base}/")
    if place.startswith("ValueSet/"):
        wanted = Criterion("_id", "token", "", (TokenValue(None, place.removeprefix("ValueSet/")),))
    else:
        wanted = Criterion("url", "uri", "", (UriValue(url),))
    return Query("ValueSet", (wanted,), count=1, want_total=False)


def _listed(found: Sequence[tuple[str, Page]]) -> Mapping[str, Codes]:
    listed: dict[str, Codes] = {}
    for url, page in found:
        for match in page.matches:
            value_set = document.decode(match.body)
            codes = ValueSets([{**value_set, "url": url}], ()).expand(url)
            if codes is not None:
                listed[url] = codes
    return listed
