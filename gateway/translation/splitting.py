"""Cuts one JSON object into its parts while its bytes come in, without changing any of them.

A searchset of any length is worked on entry by entry: each member of the outermost object is one part, the elements of
the one array that is named are parts by themselves, and one long string may be cut at will. Put together again with
the commas between them, the parts are the bytes that came. Libraries that parse as a stream (ijson) give events, not
bytes: `1.00` and `1E5`, the order of names and escapes would be written anew.

What a part holds is not judged here but by whoever decodes it: the cuts are right for JSON, and for what is none they
are such that decoding fails. Nothing is held beyond one part, which must not be longer than MOST.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from enum import Enum, auto

from gateway.faults import EmrNonsense

MOST = 16 * 1024 * 1024
"""Bytes of a part."""
DEEPEST = 200
STRING = rb'"(?:[^"\\]++|\\.)*+"'
NESTED = 4
"""How many containers in one another are passed over in one step."""


def _run(outside: bytes, nested: int) -> bytes:
    """A pattern of whole strings, of whole containers, and of what stands outside of them."""
    inside = [rb"\{%s\}", rb"\[%s\]"] if nested else []
    within = _run(rb'[^"{}\[\]]', nested - 1) if nested else b""
    return b"(?:%s)*+" % b"|".join([outside + b"++", STRING, *(each % within for each in inside)])


OUTER = re.compile(_run(rb'[^"{}\[\],]', 0), re.DOTALL)
"""To the next bracket, comma or unfinished string of the outermost object …"""
ELEMENTS = re.compile(_run(rb'[^"{}\[\],]', NESTED), re.DOTALL)
"""… of the array, whose containers are passed over where they are whole …"""
INNER = re.compile(_run(rb'[^"{}\[\]]', NESTED), re.DOTALL)
"""… and deeper down, where commas cut nothing."""
TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
SPACE = b" \t\r\n"
QUOTE, COMMA, ESCAPE = b'",\\'
OPENING, CLOSING = b"{[", b"}]"
OBJECT, ARRAY = 1, 2
"""The depths at which parts lie."""


class Part(Enum):
    """What a cut is."""

    MEMBER = auto()
    """A name and its value, with the blanks around them."""
    OPENED = auto()
    """The name of the array and its bracket."""
    ELEMENT = auto()
    CLOSED = auto()
    """Its other bracket."""
    TEXT = auto()
    """A piece of the long string: the first has its name and quote, the last its other quote."""


Cut = tuple[Part, bytes]


class Splitter:
    """Feed it bytes; `end` when there are no more."""

    def __init__(self, array: str = "", text: str = "", most: int = MOST) -> None:
        self._array = _naming(array)
        self._text = _naming(text, b'"')
        self._most = most
        self._buffer = bytearray()
        self._at = 0
        """Everything before it is looked at."""
        self._depth = 0
        self._level = 0
        """The depth at which commas cut: OBJECT, or ARRAY while in the array; 0 before and after the object."""
        self._in_string = False
        self._is_long = False
        """The string is the long one."""
        self._tail: Part | None = None
        """The long string or the array has ended; until the comma there are blanks only."""
        self._is_after_comma = False
        self._is_over = False

    def feed(self, data: bytes) -> Iterator[Cut]:
        """The parts that are whole now."""
        self._buffer += data
        while self._at < len(self._buffer):
            if self._is_over or not self._depth:
                self._outside()
            elif self._in_string:
                if not (yield from self._through_string()):
                    break
            else:
                yield from self._to_structure()
        if self._is_long and self._in_string and self._at:
            yield Part.TEXT, self._cut(self._at)
        if len(self._buffer) > self._most:
            raise EmrNonsense(f"A part of the EMR's answer is longer than {self._most // 1024} KiB")

    def end(self) -> None:
        """Raises EmrNonsense unless the object is whole."""
        if not self._is_over:
            raise EmrNonsense("The EMR's answer ends before it is whole, or is no JSON object")

    def _outside(self) -> None:
        rest = bytes(self._buffer[self._at :]).lstrip(SPACE)
        self._buffer.clear()
        self._at = 0
        if not rest:
            return
        if self._is_over or rest[0] != OPENING[0]:
            raise EmrNonsense("The EMR's answer is no JSON object, or more than one")
        self._buffer += rest[1:]
        self._depth = self._level = OBJECT

    def _through_string(self) -> Generator[Cut, None, bool]:
        """Whether there is more to look at."""
        found = TEXT.match(self._buffer, self._at)
        self._at = found.end() if found else self._at
        if self._at == len(self._buffer) or self._buffer[self._at] != QUOTE:
            return False  # the last byte may be half of an escape
        self._at += 1
        self._in_string = False
        if self._is_long:
            yield Part.TEXT, self._cut(self._at)
            self._is_long, self._tail = False, Part.TEXT
        return True

    def _to_structure(self) -> Iterator[Cut]:
        pattern = INNER if self._depth > self._level else ELEMENTS if self._level == ARRAY else OUTER
        found = pattern.match(self._buffer, self._at)
        start, self._at = self._at, found.end() if found else self._at
        if self._is_at_long_text(start):
            return
        if self._at == len(self._buffer):
            return
        byte = self._buffer[self._at]
        if byte == QUOTE:
            self._at += 1
            self._in_string = True
        elif byte in OPENING:
            yield from self._open(byte)
        elif byte in CLOSING:
            yield from self._close(byte)
        else:
            yield from self._comma()

    def _is_at_long_text(self, start: int) -> bool:
        """Its quote is looked for before the run that may hold the whole string."""
        if self._text is None or self._depth != OBJECT or self._level != OBJECT:
            return False
        found = self._text.match(self._buffer)
        if found is None or found.end() <= start:
            return False
        self._at = found.end()
        self._in_string = self._is_long = True
        return True

    def _open(self, byte: int) -> Iterator[Cut]:
        self._at += 1
        self._depth += 1
        if self._depth > DEEPEST:
            raise EmrNonsense("The EMR's answer is nested too deeply")
        is_array = byte == OPENING[1] and self._depth == ARRAY and self._level == OBJECT and self._array is not None
        if is_array and self._array is not None and self._array.fullmatch(self._buffer[: self._at - 1]):
            self._level, self._is_after_comma = ARRAY, False
            yield Part.OPENED, self._cut(self._at)

    def _close(self, byte: int) -> Iterator[Cut]:
        self._depth -= 1
        if self._depth >= self._level:
            self._at += 1
        elif self._level == ARRAY:
            yield from self._end_array(byte)
        else:
            yield from self._last(Part.MEMBER)
            self._end_object(byte)

    def _end_array(self, byte: int) -> Iterator[Cut]:
        yield from self._last(Part.ELEMENT)
        if byte != CLOSING[1]:
            raise EmrNonsense("The EMR's answer is no JSON: its brackets do not match")
        self._at = 1
        yield Part.CLOSED, self._cut(1)
        self._level, self._tail = OBJECT, Part.CLOSED

    def _end_object(self, byte: int) -> None:
        if byte != CLOSING[0]:
            raise EmrNonsense("The EMR's answer is no JSON: its brackets do not match")
        del self._buffer[:1]
        self._at, self._level, self._is_over = 0, 0, True

    def _comma(self) -> Iterator[Cut]:
        yield from self._last(Part.ELEMENT if self._level == ARRAY else Part.MEMBER, is_last=False)
        del self._buffer[:1]
        self._at, self._is_after_comma = 0, True

    def _last(self, part: Part, *, is_last: bool = True) -> Iterator[Cut]:
        """The part that ends here; nothing where there is none, or where blanks follow a tail."""
        cut = self._cut(self._at)
        is_blank = not cut.strip(SPACE)
        is_empty = is_blank and is_last and not self._is_after_comma
        tail, self._tail, self._is_after_comma = self._tail, None, False
        if is_blank is (tail is None) and not is_empty:
            raise EmrNonsense("The EMR's answer is no JSON: a comma is missing, or there is one too many")
        if cut and not (is_empty and tail is None):
            yield tail or part, cut

    def _cut(self, end: int) -> bytes:
        cut = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._at -= end
        return cut


def _naming(name: str, then: bytes = b"") -> re.Pattern[bytes] | None:
    """A member's beginning, up to its value and what that begins with."""
    blank = rb"[ \t\r\n]*+"
    pattern = blank + b'"%s"' % re.escape(name.encode()) + blank + b":" + blank + then
    return re.compile(pattern) if name else None
