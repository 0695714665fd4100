"""What the rest of the gateway asks of a map and its lens, whether rows make it (lens.py) or the vendor speaks FHIR
(passthrough.py). The laws of lens.py hold for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gateway.translation.lens import Carried, Interaction, LeftOut
from gateway.translation.likeness import Likeness
from gateway.translation.rows import Bindings, Record, Resource, Way


class View(Protocol):
    """A map bound to one connection."""

    @property
    def type(self) -> str: ...

    @property
    def likeness(self) -> Likeness:
        """How two records are compared."""

    def to_fhir(self, record: Record) -> Carried[Resource]: ...

    def absorb(self, record: Record, onto: Resource, base: Record | None = None) -> Carried[Resource]: ...

    def to_vendor(self, resource: Resource, onto: Record | None = None) -> Carried[Record]: ...

    def merge(self, resource: Resource, onto: Record | None = None) -> Carried[Record]: ...

    def mirrored(self, resource: Resource, onto: Record) -> Record:
        """`onto` as it would be if it said all that the resource says; for comparing, not for sending."""

    def unmapped(self, resource: Resource) -> tuple[LeftOut, ...]: ...

    def vendor_paths(self) -> tuple[str, ...]: ...


class Viewed(Protocol):
    """A map as translators declare it."""

    @property
    def type(self) -> str: ...

    @property
    def interactions(self) -> frozenset[Interaction]: ...

    @property
    def search(self) -> Mapping[str, str]: ...

    @property
    def silent(self) -> Mapping[str, str]: ...

    def bound(self, bindings: Bindings) -> View: ...

    def ways(self) -> Way: ...
