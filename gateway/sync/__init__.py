"""Connections to EMRs, and the durable pushes and pulls over them."""

from __future__ import annotations
