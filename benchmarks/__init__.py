"""How much the gateway adds to what its server costs anyway: `python -m benchmarks`."""

from __future__ import annotations
