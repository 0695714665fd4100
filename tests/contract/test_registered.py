"""Each entry point of the group leads to a whole translator, and each translator has its sandbox."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from gateway.translation.registry import load_sandboxes, load_translator, load_translators
from tests.contract.plugins import POINTS


@pytest.mark.parametrize("point", POINTS, ids=[point.name for point in POINTS])
def test_registers(point: EntryPoint) -> None:
    assert load_translator(point).name == point.name


def test_all_are_loaded_by_name() -> None:
    assert list(load_translators()) == [point.name for point in POINTS]


def test_every_translator_has_a_sandbox() -> None:
    assert set(load_sandboxes()) >= {point.name for point in POINTS}
