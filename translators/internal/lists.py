"""Lists of the API that are turned page by page: those of a patient's chart, and those that a practice has once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from gateway.translation.contract import Account, Call, Flow, Reply, gather
from gateway.translation.rows import Record
from translators.internal.operations import patients, rows_of

PAGE = 50
MOST_PAGES = 200
"""A list that never ends is no list."""


def below(account: Account, *parts: str) -> str:
    """The path of something of the organisation's."""
    return "".join(f"/{quote(part, safe='')}" for part in ("api", "v1", account.settings["org_id"], *parts))


def whole_lists(places: Sequence[str], keys: Sequence[str] = ()) -> Flow[tuple[list[Record] | None, ...]]:
    """Every row of the lists at these paths, side by side; None for a list that is not there (404).

    `keys` are what their rows are told by, `id` where nothing is said.
    """
    found: list[list[Record] | None] = [[] for _ in places]
    keys = keys or ["id"] * len(places)
    waiting = dict.fromkeys(range(len(places)), 1)
    while waiting:
        replies = yield from gather([_call(places[index], page) for index, page in waiting.items()])
        turned = dict(zip(list(waiting.items()), replies, strict=True))
        waiting = {}
        for (index, page), reply in turned.items():
            if reply.status == 404:
                found[index] = None
                continue
            rows = rows_of(reply, "items", keys[index])
            rows_so_far = found[index] = [*(found[index] or ()), *rows]
            if _goes_on(reply, rows, len(rows_so_far)) and page < MOST_PAGES:
                waiting[index] = page + 1
    return tuple(found)


def places_of(account: Account, patient: str, names: Sequence[str]) -> Iterator[str]:
    return (patients(account, patient, name) for name in names)


def _call(place: str, page: int) -> Call:
    return Call("GET", place, (("page", str(page)), ("page_size", str(PAGE))), accepts=frozenset({404}))


def _goes_on(reply: Reply, rows: Sequence[Record], so_far: int) -> bool:
    total = reply.json().get("total")
    return bool(rows) and (so_far < total if isinstance(total, int) else len(rows) == PAGE)
