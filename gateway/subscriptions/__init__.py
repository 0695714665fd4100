"""Subscriptions: what a client wants to be told of, who is told when, and the deliveries themselves."""

from __future__ import annotations
