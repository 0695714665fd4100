"""Tests of the authorization server and of bearer tokens."""

from __future__ import annotations
