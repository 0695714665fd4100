"""The console in a real browser, against a real server and a sandbox EMR."""

from __future__ import annotations
