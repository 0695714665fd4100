"""Names as they sound, for the `phonetic` parameters of people and organisations.

R4 leaves the algorithm to the server. This is NYSIIS (New York State Identification and Intelligence System, 1970),
word by word, not cut to six letters and with a final S kept, and two of Soundex's liberties, so that Smyth finds
Smith and Kathryn Catherine: of vowels only the first letter counts, and D is as T.
"""

from __future__ import annotations

import re

from gateway.search.text import fold

LETTERS = re.compile(r"[a-z]+")
APOSTROPHES = re.compile(r"['’`]")
VOWELS = frozenset("AEIOU")
FIRST = (("MAC", "MCC"), ("KN", "NN"), ("K", "C"), ("PH", "FF"), ("PF", "FF"), ("SCH", "SSS"))
LAST = (("EE", "Y"), ("IE", "Y"), ("DT", "D"), ("RT", "D"), ("RD", "D"), ("NT", "D"), ("ND", "D"))
INSIDE = (("EV", "AF"), ("KN", "NN"), ("SCH", "SSS"), ("PH", "FF"))
BEGINNINGS = frozenset(before[0] for before, _ in INSIDE)
SINGLE = {"Q": "G", "Z": "S", "M": "N", "K": "C", "D": "T", "Y": "A", **dict.fromkeys(VOWELS, "A")}
SILENT = re.compile(r"(?<=.)GH(?=T|$)")


def sounds(text: str) -> list[str]:
    """The code of each word; what is not of the Latin alphabet has none."""
    return [code(word.upper()) for word in LETTERS.findall(APOSTROPHES.sub("", fold(text)))]


def phrase(text: str) -> str:
    """Codes, each followed by a space: a phrase that begins with another's words begins with its text."""
    return "".join(f"{sound} " for sound in sounds(text))


def endings(text: str) -> list[str]:
    """A phrase from each of its words on, so that any word finds it."""
    found = sounds(text)
    return ["".join(f"{sound} " for sound in found[at:]) for at in range(len(found))]


def code(word: str) -> str:
    """Of a word in capitals A to Z."""
    word = with_ending(with_beginning(SILENT.sub("", word)))
    built, rest = "A" if word[0] in VOWELS else word[0], word
    for at in range(1, len(word)):
        changed = changed_at(rest, at)
        if not rest.startswith(changed, at):
            rest = rest[:at] + changed + rest[at + len(changed) :]
        if rest[at] != built[-1]:
            built += rest[at]
    return built[0] + built[1:].replace("A", "")


def with_beginning(word: str) -> str:
    for before, after in FIRST:
        if word.startswith(before):
            return after + word[len(before) :]
    return word


def with_ending(word: str) -> str:
    for before, after in LAST:
        if word.endswith(before) and len(word) > len(before):
            return word[: -len(before)] + after
    return word


def changed_at(word: str, at: int) -> str:
    """What stands at a place, in as many letters as before."""
    letter, before = word[at], word[at - 1]
    for inside, after in INSIDE if letter in BEGINNINGS else ():
        if word.startswith(inside, at):
            return after
    following = word[at + 1 : at + 2]
    if letter == "H" and (before not in VOWELS or (following and following not in VOWELS)):
        return "A" if before in VOWELS else before
    if letter == "W" and before in VOWELS:
        return "A"
    return SINGLE.get(letter, letter)
