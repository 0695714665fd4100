"""Free text of the lists, as searches for each of its words: which may stand in any of several places.

A word is the beginning of a name, of the chart number, of the e-mail address or of a telephone number, or some digits
within one, or a birth date. Names of several words are found by them too: the words before belong to the same phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from unicodedata import combining

from gateway.translation.face import Params, literal

MOST = 8
"""Words that are looked at; each is a search of its own."""
PHRASE = 3
"""Words of one name that are looked for together, besides a word by itself."""
WITHIN = 4
"""Digits from which on they are looked for within telephone numbers too."""
Group = tuple[Params, ...]

_NUMBER = re.compile(r"[-+().0-9/]*[0-9][-+().0-9/]*", re.ASCII)
_YEAR = re.compile(r"(18|19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?", re.ASCII)
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_US = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{4})", re.ASCII)


def everywhere(text: str) -> tuple[Group, ...]:
    """For the lists."""
    words = _words(text)
    return tuple((*_named(words, at), *_elsewhere(word)) for at, word in enumerate(words))


def by_name_or_number(text: str) -> tuple[Group, ...]:
    """For a typeahead."""
    words = _words(text)
    return tuple((*_named(words, at), _charted(word)) for at, word in enumerate(words))


def _words(text: str) -> list[str]:
    """A mark without a letter or a digit to it would be the beginning of everything."""
    return _joined([word for word in text.split() if not all(map(combining, word))])[:MOST]


def _joined(words: list[str]) -> list[str]:
    """A telephone number that is written with spaces is one word."""
    joined: list[str] = []
    for word in words:
        if joined and _is_part(joined[-1]) and _is_part(word):
            joined[-1] = f"{joined[-1]} {word}"
        else:
            joined.append(word)
    return joined


def _is_part(text: str) -> bool:
    """Of a telephone number, as far as one can tell."""
    return all(_NUMBER.fullmatch(word) and birth_date(word) is None for word in text.split())


def _named(words: list[str], at: int) -> Iterator[Params]:
    for start in range(max(0, at - PHRASE), at + 1):
        yield (("name", literal(" ".join(words[start : at + 1]))),)


def _charted(word: str) -> Params:
    return (("chart-number", literal(word)),)


def _elsewhere(word: str) -> Iterator[Params]:
    yield _charted(word)
    if " " not in word:
        yield (("email-text", literal(word)),)
    if (digits := digits_of(word)) and _NUMBER.fullmatch(word.replace(" ", "")):
        yield (("phone-number" if len(digits) < WITHIN else "phone-number:contains", digits),)
    if (born := birth_date(word)) is not None:
        yield (("birthdate", born),)


def digits_of(text: str) -> str:
    return "".join(character for character in text if character.isascii() and character.isdigit())


def birth_date(word: str) -> str | None:
    """A day as ISO 8601 or as Americans write it, a year, or a year and a month."""
    if _YEAR.fullmatch(word):
        return word
    if found := _ISO.fullmatch(word):
        return _day(*map(int, found.groups()))
    if found := _US.fullmatch(word):
        month, day, year = map(int, found.groups())
        return _day(year, month, day)
    return None


def _day(year: int, month: int, day: int) -> str | None:
    with suppress(ValueError):
        return date(year, month, day).isoformat()
    return None
