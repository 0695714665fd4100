"""What a translator plugin is, and the runner that drives it."""

from __future__ import annotations
