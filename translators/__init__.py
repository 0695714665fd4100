"""The vendors: KIPU, Ritten, eClinicalWorks and the internal REST API."""

from __future__ import annotations
