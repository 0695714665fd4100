"""/admin/v1: what the command line does, as JSON over HTTP."""

from __future__ import annotations
