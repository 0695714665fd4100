"""What a translator is besides, when its EMR is the only one that may change some of what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Owning(Protocol):
    """A Translator whose EMR gives records of these types, takes none, and has to be right about those it gave."""

    owned: Mapping[str, str]
    """FHIR type → why clients may not change what came from the EMR, and what they can do instead."""
