"""Tests that know the gateway only from outside: its command line and its address."""

from __future__ import annotations
