"""The rows of a field table. Each row is one fact in both directions; see lens.py for what a table of rows does.

Field   one vendor path, one FHIR path, a codec
Each    a vendor list and a FHIR list, element by element
Pair    two functions, for what the others cannot say
"""

from __future__ import annotations

from gateway.translation.each import Each
from gateway.translation.field import Field
from gateway.translation.pair import Pair
from gateway.translation.row import Bindings, Record, Resource, Row, Unbound, Way

__all__ = ["Bindings", "Each", "Field", "Pair", "Record", "Resource", "Row", "Unbound", "Way"]
