"""Plugins are checked at start-up, and the offender is named."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from gateway.faults import Misconfigured
from gateway.translation import registry
from gateway.translation.contract import RecordKind, Setting
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.limits import Minting, Minute, Window
from gateway.translation.rows import Field, Way
from tests.gateway.translation.vendor import Acme

READ_ONLY = Field("a", "birthDate", way=Way.READ)
PATIENT = ResourceMap("Patient", frozenset({Interaction.READ, Interaction.UPDATE}), (Field("a", "birthDate"),))
WHOLE = Acme(maps={"Patient": PATIENT}, settings={"poll_minutes": Setting("minutes", "60")})


def patient(*interactions: Interaction, **changes: Any) -> dict[str, Any]:
    return {"maps": {"Patient": ResourceMap("Patient", frozenset(interactions), (READ_ONLY,), **changes)}}


def test_a_whole_translator_has_no_flaws() -> None:
    assert list(registry.flaws(WHOLE, "acme")) == []


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"name": "other"}, "calls itself other"),
        ({"read": None}, r"lacks read\(\)"),
        ({"maps": {"Coverage": PATIENT}}, "map under Coverage is of Patient"),
        (patient(Interaction.CREATE), "no row goes that way"),
        (patient(Interaction.READ, search={"name": "q"}), "does not declare search-type"),
        ({"maps": {"Patient": PATIENT}, "refused": {"Patient": "no"}}, "both written and refused"),
        ({"settings": {"push": Setting("x")}}, "push belongs to every connection"),
        ({"settings": {"a": Setting("x")}, "secrets": {"a": Setting("x")}}, "a cannot be a setting and a secret"),
        ({"settings": {"a-b": Setting("x")}}, "snake case"),
        ({"settings": {"a": Setting("")}}, "help text"),
        ({"settings": {"a": Setting("x", "3", ("1", "2"))}}, "default of a is none of its choices"),
        (
            {"kinds": (RecordKind("k", frozenset(), ()), RecordKind("k", frozenset(), ()))},
            "two record kinds are named k",
        ),
        ({"concurrency": 0}, "no call at all"),
        ({"rate": Window(0, 1.0)}, "no call at all"),
        ({"minting": Minting(("client",))}, "neither a setting nor a secret"),
        ({"rate": Minute(1, shared_by=("client",))}, "its limits name client"),
        ({"webhooks": ("Patient Created",)}, "webhook names"),
    ],
)
def test_flaws_are_named(changes: dict[str, Any], flaw: str) -> None:
    vendor = Acme()
    for name, value in changes.items():
        setattr(vendor, name, value)
    found = "; ".join(registry.flaws(vendor, "acme"))
    assert re.search(flaw, found), found


def test_a_plugin_that_cannot_be_loaded_is_named() -> None:
    point = EntryPoint("acme", "tests.gateway.translation.nowhere:translator", registry.TRANSLATORS)
    with pytest.raises(Misconfigured, match=r"acme \(tests\.gateway\.translation\.nowhere:translator\)"):
        registry.load_translator(point)


def test_a_plugin_that_is_not_whole_is_named() -> None:
    point = EntryPoint("acme", "tests.gateway.translation.test_registry:WHOLE", registry.TRANSLATORS)
    assert registry.load_translator(point) is WHOLE
    with pytest.raises(Misconfigured, match=r"translator other .* calls itself acme"):
        registry.load_translator(EntryPoint("other", point.value, registry.TRANSLATORS))


def test_two_plugins_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("acme", value, registry.TRANSLATORS) for value in ("a:b", "c:d")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    with pytest.raises(Misconfigured, match="two plugins are named acme: a:b and c:d"):
        registry.load_translators()
