"""Tests of gateway/subscriptions."""

from __future__ import annotations
