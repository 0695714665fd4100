"""What the field tables are bound to when the store itself answers the API."""

from __future__ import annotations

from gateway.canonical import CANONICAL
from gateway.translation.rows import Bindings

CHART_NUMBERS = f"{CANONICAL}NamingSystem/chart-number"
"""The identifier system of chart numbers that the staff give out here."""

FACE = Bindings({"references": "", "mr": CHART_NUMBERS, "id": f"{CANONICAL}NamingSystem/record"}, {})
"""A uuid of the API is the id of a resource of the store: references are local, and there is no key beside the id."""
