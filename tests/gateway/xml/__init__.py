"""Tests of gateway/xml."""

from __future__ import annotations
