"""Tests of the KIPU translator, against its tables and its sandbox."""

from __future__ import annotations
