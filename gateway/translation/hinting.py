"""What a translator is besides, when how a connection is set up limits what comes over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Hinting(Protocol):
    """A Translator that tells operators what they would otherwise wonder about."""

    def hints(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """Sentences for `connection list` and the console, by the connection's settings, defaults included."""
