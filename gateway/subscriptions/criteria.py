"""What a Subscription asks for: a search on one type, or our topic with a filter that is one.

R4 subscription.html and the backport's "Subscription Filters". Each parameter has to be one that is judged by looking
at one resource alone, since that is all there is when it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from gateway.definitions.contract import Definitions, Resource
from gateway.faults import ClientFault, Invalid, NotSupported, Unprocessable
from gateway.search.criteria import Authority, printable
from gateway.search.parse import parse
from gateway.search.query import Criterion
from gateway.subscriptions.names import FILTER, SUBSCRIPTION, TOPIC, extensions

CRITERIA = "Subscription.criteria"
STEERING = frozenset(
    {"_count", "_sort", "_total", "_summary", "_elements", "_format", "_pretty", "_page", "_include", "_revinclude"}
)
"""Parameters that shape the answer of a search; a notification has none."""


@dataclass(frozen=True, slots=True)
class Sought:
    """The type, its search parameters as written, and the topic where one was named."""

    type: str
    criteria: str
    topic: str | None


def read_criteria(definitions: Definitions, resource: Resource, *, base: str, now: int) -> Sought:
    """Raises a ClientFault that names the element."""
    text, companion = str(resource.get("criteria", "")), resource.get("_criteria")
    if text.startswith(("http://", "https://", "urn:")):
        sought, place = _of_topic(text, companion)
    else:
        if extensions(companion):
            raise NotSupported("A search takes no filters; write them into the criteria", f"{CRITERIA}.extension")
        sought, place = _of_search(text, None, CRITERIA), CRITERIA
    _check_type(definitions, sought.type, place)
    with told_at(place):
        conditions(definitions, sought.type, sought.criteria, base=base, now=now)
    return sought


def _of_topic(url: str, companion: Any) -> tuple[Sought, str]:
    if url != TOPIC:
        raise NotSupported(f"This server knows no such topic; it has {TOPIC}", CRITERIA)
    place = f"{CRITERIA}.extension"
    filters = extensions(companion)
    if unknown := [each for each in filters if each.get("url") != FILTER]:
        raise NotSupported(f"Beside the filter ({FILTER}) no extension is known here", f"{place}[{len(unknown) - 1}]")
    if len(filters) != 1 or not isinstance(filters[0].get("valueString"), str):
        raise NotSupported("The topic takes one filter, as TYPE?parameters; subscribe once for each type", place)
    return _of_search(filters[0]["valueString"], TOPIC, f"{place}[0]"), f"{place}[0]"


def _of_search(text: str, topic: str | None, place: str) -> Sought:
    type, _, criteria = text.partition("?")
    if not type.isalpha():
        raise Invalid("Write a search on one type: Coverage?beneficiary=Patient/1", place)
    return Sought(type, criteria, topic)


def _check_type(definitions: Definitions, type: str, place: str) -> None:
    if type not in definitions.served:
        raise NotSupported("This server serves no such resource type", place)
    if type == SUBSCRIPTION:
        raise Unprocessable("Subscriptions are not told of Subscriptions", place)


def conditions(definitions: Definitions, type: str, criteria: str, *, base: str, now: int) -> Sequence[Criterion]:
    """Those that have to hold of one resource. Raises a ClientFault."""
    params = parse_qsl(criteria, keep_blank_values=True)
    if steering := next((name for name, _ in params if name.partition(":")[0] in STEERING), None):
        raise NotSupported(f"`{printable(steering)}` shapes the answer of a search; leave it out of a Subscription")
    authority = Authority(_no_other_type, definitions.value_set)
    query, unknown = parse(definitions, type, params, base=base, now=now, authority=authority)
    if unknown:
        raise Invalid(f"{type} has no such search parameter here: {', '.join(map(printable, unknown))}")
    found = [each for each in query.criteria if isinstance(each, Criterion)]
    if len(found) < len(query.criteria):
        _no_other_type("")
    return found


def _no_other_type(_: str) -> bool:
    raise NotSupported("A Subscription judges a resource by itself: chains, _has and _list are not for it")


@contextmanager
def told_at(place: str) -> Iterator[None]:
    """What is refused inside is wrong at that element, whatever parameter it is about."""
    try:
        yield
    except ClientFault as fault:
        fault.issues = tuple(replace(issue, expression=(place,)) for issue in fault.issues)
        raise
