"""A fresh sandbox for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.translators.internal.driving import World


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    async with made.client:
        yield made
