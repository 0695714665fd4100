"""Search: parse a query, plan it, and turn the plan into SQL."""

from __future__ import annotations
