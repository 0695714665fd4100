"""How strings are compared: case and accents folded, prefixes as ranges."""

from __future__ import annotations

import unicodedata

INDEXED_LENGTH = 256
"""Characters of a string that the index keeps; longer search values are cut alike, so nothing is missed."""
SURROGATES = range(0xD800, 0xE000)
LAST_CODE_POINT = 0x10FFFF


def fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return without_accents(without_accents(text).casefold())


def fold_token(text: str) -> str:
    """Case only: an accent makes another address of an e-mail."""
    return text.casefold()


def without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def after_prefix(prefix: str) -> str | None:
    """The first string, by code point, that sorts after everything with this prefix; None where there is none."""
    head = prefix.rstrip(chr(LAST_CODE_POINT))
    if not head:
        return None
    following = ord(head[-1]) + 1
    return head[:-1] + chr(SURROGATES.stop if following in SURROGATES else following)
