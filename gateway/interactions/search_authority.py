"""What a search may look into and add, by the scopes of the caller, and the value sets that it may name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.definitions.expansion import ValueSets
from gateway.faults import Forbidden
from gateway.interactions.exchange import Exchange
from gateway.search.criteria import Authority, Codes
from gateway.search.includes import EVERY, INCLUDE, REVINCLUDE
from gateway.search.query import Criterion, Query, TokenValue, UriValue
from gateway.store import document
from gateway.store.contract import Stored
from gateway.subscriptions.visibility import sees_all

Params = Sequence[tuple[str, str]]
MEMBERSHIP = (":in", ":not-in")


def authority(exchange: Exchange, stored: Mapping[str, Codes] | None = None) -> Authority:
    """A chain is a search of each type on its way; `stored` are value sets of the organisation's own."""
    definitions, scopes = exchange.services.definitions, exchange.caller.scopes

    def value_set(url: str) -> Codes | None:
        return (stored or {}).get(url) or definitions.value_set(url)

    def reaches(type: str) -> bool:
        return type in definitions.served and scopes.allows(type, "s") and sees_all(exchange.caller, type)

    return Authority(reaches, value_set)


def readable(exchange: Exchange) -> frozenset[str] | None:
    """The types that includes may add; None for all."""
    scopes, served = exchange.caller.scopes, exchange.services.definitions.served
    allowed = frozenset(type for type in served if scopes.allows(type, "r"))
    return None if allowed == served else allowed


def check_includes(exchange: Exchange, params: Params) -> None:
    """Where a type is named, leaving it out in silence would be a wrong answer; `readable` sees to the others."""
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
    if type in exchange.services.definitions.all_types and not exchange.caller.scopes.allows(type, action):
        raise Forbidden(f"The token's scopes do not allow this: it needs system/{type}.{action}", name)


async def value_sets(exchange: Exchange, params: Params) -> Mapping[str, Codes]:
    """The stored value sets that `:in` and `:not-in` name, as far as they list their codes."""
    urls = {text for name, text in params if name.endswith(MEMBERSHIP)}
    found: dict[str, Codes] = {}
    if not exchange.caller.scopes.allows("ValueSet", "r"):
        return found
    for url in sorted(urls):
        for match in await _value_sets_at(exchange, url):
            value_set = document.decode(match.body)
            codes = ValueSets([{**value_set, "url": url}], ()).expand(url)
            if codes is not None:
                found[url] = codes
    return found


async def _value_sets_at(exchange: Exchange, url: str) -> Sequence[Stored]:
    """By their canonical URL, or by their place here, in full or relative (search.html#token)."""
    place = url.removeprefix(f"{exchange.base}/")
    if place.startswith("ValueSet/"):
        wanted = Criterion("_id", "token", "", (TokenValue(None, place.removeprefix("ValueSet/")),))
    else:
        wanted = Criterion("url", "uri", "", (UriValue(url),))
    query = Query("ValueSet", (wanted,), count=1, want_total=False)
    return (await exchange.services.store.search(exchange.realm.org, query)).matches
