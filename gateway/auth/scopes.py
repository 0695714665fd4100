"""SMART scopes as permissions: v1 `system/Patient.read`, v2 `system/Patient.rs`, plain ones as `gateway/admin`.

Both spellings mean the same set of (context, type, actions): v1 `read` is `rs`, `write` is `cud`, `*` is `cruds`
(SMART App Launch 2.2, Scopes). The letters of a v2 scope stand in the order c r u d s; anything else is malformed
and permits nothing. What a scope gives on which resources, its search parameters (`?category=…`), the patient and the
user considered, is said by gateway/access/sight.py. `patient/` and `user/` need a launch: `granted` is for clients that
come without a user, `delegated` for what a user may hand to a client.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Action = Literal["c", "r", "u", "d", "s"]
Context = Literal["patient", "user", "system"]

ACTIONS = "cruds"
V1 = {"read": "rs", "write": "cud", "*": ACTIONS}
EVERY_TYPE = "*"
ADMIN = "gateway/admin"
LAUNCH_SCOPES = frozenset(
    {"openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access"}
)
PLAIN = LAUNCH_SCOPES | {ADMIN}
MAX_TEXT = 8192
RESOURCE = re.compile(
    r"(?P<context>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]{1,63})\."
    r"(?:(?P<v1>read|write|\*)|(?P<v2>(?=[cruds])c?r?u?d?s?)(?P<query>\?[!-~]+)?)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """One scope on resources, as written and as meant."""

    text: str
    context: str
    type: str
    actions: frozenset[str]
    query: str = ""
    """The search parameters that limit it, without the question mark."""
    v1: bool = False

    def permits(self, type: str, action: str) -> bool:
        return (
            self.context == "system" and not self.query and self.type in (type, EVERY_TYPE) and action in self.actions
        )

    def narrowed(self, type: str, actions: frozenset[str]) -> ResourceScope:
        """The same scope for less, in its own spelling where that can say it."""
        if (type, actions) == (self.type, self.actions):
            return self
        return _resource_scope(self.context, type, actions, self.query, v1=self.v1)


@dataclass(frozen=True)
class Scopes:
    """The scopes of a token or a client, in the order in which they were written."""

    items: tuple[ResourceScope | str, ...] = ()

    @classmethod
    def parse(cls, text: str, types: Container[str] | None = None) -> Scopes:
        """What is malformed, unknown or about a type outside `types` is left out; see `rejected`."""
        parsed = (_parse_one(word, types) for word in _words(text))
        return cls(tuple(dict.fromkeys(item for item in parsed if item is not None)))

    @cached_property
    def resources(self) -> tuple[ResourceScope, ...]:
        return tuple(item for item in self.items if isinstance(item, ResourceScope))

    @cached_property
    def plain(self) -> frozenset[str]:
        return frozenset(item for item in self.items if isinstance(item, str))

    def allows(self, type: str, action: str) -> bool:
        """Whether a system (no user, no launch) may do `action`, one of c r u d s, on resources of `type`."""
        return any(scope.permits(type, action) for scope in self.resources)

    @property
    def admin(self) -> bool:
        return ADMIN in self.plain

    def __str__(self) -> str:
        return " ".join(item if isinstance(item, str) else item.text for item in self.items)

    def __bool__(self) -> bool:
        return bool(self.items)


def rejected(text: str, types: Container[str] | None = None) -> tuple[str, ...]:
    """The words of `text` that `Scopes.parse` leaves out."""
    return tuple(word for word in _words(text) if _parse_one(word, types) is None)


def granted(requested: Scopes, registered: Scopes) -> Scopes:
    """What a client without a user gets: requested and registered, by permission, in the requested spelling."""
    return _common(requested, registered, frozenset({"system"}), frozenset({ADMIN}))


def delegated(requested: Scopes, registered: Scopes) -> Scopes:
    """What a client may be handed by a user at most: requested and registered, on behalf of the user or a patient."""
    return _common(requested, registered, frozenset({"patient", "user"}), LAUNCH_SCOPES)


def _common(requested: Scopes, registered: Scopes, contexts: frozenset[str], plain: frozenset[str]) -> Scopes:
    found: list[ResourceScope | str] = []
    for item in requested.items:
        if isinstance(item, ResourceScope):
            found += _permitted_part(item, registered.resources) if item.context in contexts else ()
        elif item in plain & registered.plain:
            found.append(item)
    return Scopes(tuple(dict.fromkeys(found)))


def _permitted_part(wanted: ResourceScope, held: Iterable[ResourceScope]) -> Iterator[ResourceScope]:
    """Of a scope limited by search parameters, only those who hold as much; of an unlimited one, also limited parts."""
    same = [scope for scope in held if scope.context == wanted.context]
    usable = [scope for scope in same if scope.query in ("", wanted.query)]
    yield from _covered(wanted, usable)
    if not wanted.query:
        limited = [scope for scope in same if scope.query and wanted.type in (scope.type, EVERY_TYPE)]
        for scope in limited:
            if actions := (wanted.actions & scope.actions) - _actions(usable, scope.type):
                yield scope.narrowed(scope.type, actions)


def _covered(wanted: ResourceScope, usable: Sequence[ResourceScope]) -> Iterator[ResourceScope]:
    everywhere = wanted.actions & _actions(usable, wanted.type)
    if everywhere:
        yield wanted.narrowed(wanted.type, everywhere)
    if wanted.type != EVERY_TYPE:
        return
    for type in dict.fromkeys(scope.type for scope in usable if scope.type != EVERY_TYPE):
        actions = wanted.actions & _actions(usable, type)
        if not actions <= everywhere:
            yield wanted.narrowed(type, actions)


def _actions(scopes: Iterable[ResourceScope], type: str) -> frozenset[str]:
    return frozenset[str]().union(*(scope.actions for scope in scopes if scope.type in (type, EVERY_TYPE)))


def _words(text: str) -> list[str]:
    return [word for word in text.split(" ") if word] if len(text) <= MAX_TEXT else []


def _parse_one(word: str, types: Container[str] | None) -> ResourceScope | str | None:
    if word in PLAIN:
        return word
    match = RESOURCE.fullmatch(word)
    if match is None:
        return None
    type = match["type"]
    if types is not None and type != EVERY_TYPE and type not in types:
        return None
    actions = frozenset(V1[match["v1"]] if match["v1"] else match["v2"])
    return ResourceScope(word, match["context"], type, actions, (match["query"] or "")[1:], v1=match["v1"] is not None)


def _resource_scope(context: str, type: str, actions: frozenset[str], query: str, *, v1: bool) -> ResourceScope:
    old = next((word for word, letters in V1.items() if frozenset(letters) == actions), None) if v1 else None
    letters = old or "".join(action for action in ACTIONS if action in actions)
    text = f"{context}/{type}.{letters}" + (f"?{query}" if query else "")
    return ResourceScope(text, context, type, actions, query, v1=old is not None)
