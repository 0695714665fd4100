"""The operators' web console at /console/: server-rendered pages, with htmx for what changes while one looks."""

from __future__ import annotations
