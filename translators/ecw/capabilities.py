"""The CapabilityStatement of eClinicalWorks as data: type → interactions, search parameters, read scope."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import msgspec

from gateway.translation.lens import Interaction


class Capability(msgspec.Struct, frozen=True):
    """One type of the facade."""

    interactions: tuple[str, ...]
    search: dict[str, str]
    """Parameter → its FHIR search type."""
    scope: str | None
    """The scope to ask for when the connection names none; None where eCW advertises none for this type."""
    include: tuple[str, ...] = ()
    """Values of `_include` …"""
    revinclude: tuple[str, ...] = ()
    """… and of `_revinclude`."""
    operations: tuple[str, ...] = ()
    """On instances, and answered at once."""

    @property
    def reading(self) -> frozenset[Interaction]:
        """What the gateway offers of it. The declared create of QuestionnaireResponse is not open to integrations."""
        offered = {Interaction.READ.value, Interaction.SEARCH.value}
        return frozenset(Interaction(code) for code in self.interactions if code in offered)


CAPABILITIES: Mapping[str, Capability] = msgspec.json.decode(
    (files("translators.ecw") / "capabilities.json").read_bytes(), type=dict[str, Capability]
)
