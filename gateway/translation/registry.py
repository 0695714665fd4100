"""Finds the plugins by their entry points and checks at start-up that each is whole.

A plugin that cannot be loaded, or that declares what it has no flow for, stops the start and is named: half a
translator would be found out by a patient's data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from typing import Any

from gateway.faults import Misconfigured
from gateway.translation.contract import Setting, Translator
from gateway.translation.lens import Interaction
from gateway.translation.rows import Way
from gateway.translation.sandbox import Sandbox, SandboxSetup

TRANSLATORS = "gateway.translators"
SANDBOXES = "gateway.sandboxes"
COMMON_SETTINGS = frozenset({"push", "pull", "conflict", "write_delay_s"})
"""Settings that every connection has, whatever its translator."""

SandboxMaker = Callable[[SandboxSetup], Sandbox]

_FLOWS: Mapping[Interaction, str] = {
    Interaction.READ: "read",
    Interaction.SEARCH: "search",
    Interaction.CREATE: "push",
    Interaction.UPDATE: "push",
}
_ALWAYS = ("authorize", "token", "fault", "test", "pull", "push", "read", "search")
_PARTS = (
    "name",
    "title",
    "settings",
    "secrets",
    "webhooks",
    "maps",
    "refused",
    "pulled",
    "kinds",
    "custom_fields",
    "concurrency",
    "rate",
    "minting",
)
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def load_translators() -> dict[str, Translator]:
    """All installed translators by name; raises Misconfigured and names the plugin that is not whole."""
    return {point.name: load_translator(point) for point in _points(TRANSLATORS)}


def load_sandboxes() -> dict[str, SandboxMaker]:
    """The vendors' stand-ins by name."""
    return {point.name: _loaded(point) for point in _points(SANDBOXES)}


def load_translator(point: EntryPoint) -> Translator:
    translator: Translator = _loaded(point)
    if found := list(flaws(translator, point.name)):
        raise Misconfigured(f"translator {point.name} ({point.value}): {'; '.join(found)}")
    return translator


def _points(group: str) -> list[EntryPoint]:
    points = sorted(entry_points(group=group), key=lambda point: point.name)
    for one, other in pairwise(points):
        if one.name == other.name and one.value != other.value:
            raise Misconfigured(f"two plugins are named {one.name}: {one.value} and {other.value}; uninstall one")
    return points


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:
        raise Misconfigured(f"{point.group} {point.name} ({point.value}) cannot be loaded: {error!r}") from error


def flaws(translator: Any, name: str) -> Iterator[str]:
    """Everything that is wrong with a translator, in words."""
    missing = [part for part in _PARTS if not hasattr(translator, part)]
    missing += [f"{flow}()" for flow in _ALWAYS if not callable(getattr(translator, flow, None))]
    if missing:
        yield f"lacks {', '.join(missing)}"
        return
    if translator.name != name:
        yield f"calls itself {translator.name}, its entry point {name}"
    yield from _flaws_of_settings(translator)
    yield from _flaws_of_maps(translator)
    yield from _flaws_of_kinds(translator)
    if translator.concurrency < 1 or (translator.rate and not translator.rate.is_positive):
        yield "allows no call at all: concurrency and rate must be positive"
    yield from _flaws_of_limits(translator)
    if odd := [hook for hook in translator.webhooks if not _WORD.fullmatch(hook)]:
        yield f"webhook names are words with hyphens, not {', '.join(odd)}"


def _flaws_of_limits(translator: Translator) -> Iterator[str]:
    named = {*translator.minting.depends, *translator.minting.application} if translator.minting else set()
    named |= set(translator.rate.shared_by) if translator.rate else set()
    if unknown := sorted(named - {*translator.settings, *translator.secrets}):
        yield f"its limits name {', '.join(unknown)}, which is neither a setting nor a secret"


def _flaws_of_settings(translator: Translator) -> Iterator[str]:
    if both := sorted(set(translator.settings) & set(translator.secrets)):
        yield f"{', '.join(both)} cannot be a setting and a secret"
    known: dict[str, Setting] = {**translator.settings, **translator.secrets}
    if taken := sorted(COMMON_SETTINGS & set(known)):
        yield f"{', '.join(taken)} belongs to every connection"
    for key, setting in known.items():
        if not _KEY.fullmatch(key) or not setting.help:
            yield f"setting {key!r} needs a name in snake case and a help text"
        if setting.choices and setting.default not in (None, *setting.choices):
            yield f"the default of {key} is none of its choices"


def _flaws_of_maps(translator: Translator) -> Iterator[str]:
    for type, table in translator.maps.items():
        if table.type != type:
            yield f"the map under {type} is of {table.type}"
        for interaction in table.interactions:
            if not callable(getattr(translator, _FLOWS[interaction], None)):
                yield f"{type} declares {interaction.value}, but there is no flow {_FLOWS[interaction]}"
        if table.search and Interaction.SEARCH not in table.interactions:
            yield f"{type} has search parameters, but does not declare {Interaction.SEARCH.value}"
        writes = {Interaction.CREATE, Interaction.UPDATE} & table.interactions
        if writes and Way.WRITE not in table.ways():
            yield f"{type} declares that it is written, but no row goes that way"
        if writes and type in translator.refused:
            yield f"{type} is both written and refused"


def _flaws_of_kinds(translator: Translator) -> Iterator[str]:
    names = [kind.name for kind in translator.kinds]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"two record kinds are named {', '.join(twice)}"
