"""What the public test kits ask, put to the real server on a port."""

from __future__ import annotations
