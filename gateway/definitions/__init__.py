"""FHIR definitions as data: types, search parameters and compartments from profiles/."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.definitions.contract import Definitions


@cache
def load() -> Definitions:
    """The definitions under profiles/, read once a process."""
    from gateway.definitions.compiled import CompiledDefinitions
    from gateway.definitions.tables import Tables

    return CompiledDefinitions(Tables())
