"""What operators are told of whom a pull finds."""

from __future__ import annotations

import pytest

from translators.ecw import translator


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ["known here are read again", "in the last 30 days"]),
        ({"new_days": "7", "group": "G1"}, ["known here are read again", "in the last 7 days", "group G1"]),
        ({"new_days": "0"}, ["known here are read again", "are not looked for"]),
        ({"modules": "Patient Coverage"}, ["known here are read again", "are not looked for"]),
        ({"modules": "Patient Coverage", "group": "G1"}, ["known here are read again", "group G1"]),
    ],
)
def test_hints_go_by_the_settings(settings: dict[str, str], said: list[str]) -> None:
    told = translator.hints(settings)
    assert len(told) == len(said)
    assert all(words in sentence for words, sentence in zip(said, told, strict=True))
