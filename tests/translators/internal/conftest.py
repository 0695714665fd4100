"""A fresh practice for each test, and one for those that only look."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.translators.internal.driving import World
from tests.translators.internal.practice import practice


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    async with practice() as sandbox:
        made = World(sandbox)
        async with made.client:
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[World]:
    """For tests of a module that change nothing."""
    async with practice() as sandbox:
        made = World(sandbox)
        async with made.client:
            yield made
