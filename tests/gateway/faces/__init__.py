"""Faces over the real application, by a small one of their own."""

from __future__ import annotations
