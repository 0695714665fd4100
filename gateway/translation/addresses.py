"""Their base and ours: every address below the one, wherever it stands in a body, becomes the same below the other.

Bodies are changed as bytes, so that nothing else in them changes. An address begins where a URL can begin (not in the
query of another one) and the base ends with a whole step of the path: `/r4/ABCDEF` is not the base of `/r4/ABCDEFG`.
An EMR behind a proxy may write its own base with the other scheme, the default port or escaped slashes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import unquote, urljoin, urlsplit

BEGINS = rb"http(?:(?<![\w+.\-%&=?/:~@#\\]http)|(?<=\\[nrtf]http))"
"""Behind what cannot be a part of a URL, an escaped line end included."""
ENDS = rb"(?=[/?#\"'\s<>(),;|&\\]|$)"
DOTS = (".", "..")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Addresses:
    """Of one connection; neither base ends with a slash."""

    theirs: str
    ours: str

    @cached_property
    def _theirs(self) -> re.Pattern[bytes]:
        return _pattern(self.theirs)

    @cached_property
    def _ours(self) -> re.Pattern[bytes]:
        return _pattern(self.ours)

    def to_ours(self, body: bytes) -> bytes:
        ours = self.ours.encode()
        return self._theirs.sub(lambda _: ours, body)

    def to_theirs(self, text: str) -> str:
        """What a client refers to, in the words of the EMR."""
        theirs = self.theirs.encode()
        return self._ours.sub(lambda _: theirs, text.encode("utf-8", "replace")).decode()

    def below(self, url: str, asked: str) -> str | None:
        """What stands behind their base in a URL, whole or relative to what was asked; None: it leads elsewhere."""
        whole = urljoin(f"{self.theirs}/{asked}", url).encode("utf-8", "replace")
        found = self._theirs.match(whole)
        rest = whole[found.end() :].decode() if found else ""
        is_below = found is not None and not any(step in DOTS for step in unquote(rest.partition("?")[0]).split("/"))
        return rest if is_below else None


@lru_cache(maxsize=256)
def addresses(theirs: str, ours: str) -> Addresses:
    """They are the same as long as a connection is."""
    return Addresses(theirs, ours)


def _pattern(base: str) -> re.Pattern[bytes]:
    parts = urlsplit(base)
    host = re.escape((parts.hostname or "").encode())
    path = rb"\\?/".join(re.escape(step) for step in parts.path.rstrip("/").encode().split(b"/"))
    return re.compile(BEGINS + rb"s?:\\?/\\?/(?i:" + host + rb")" + _port(base) + path + ENDS)


def _port(base: str) -> bytes:
    parts = urlsplit(base)
    if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)):
        return rb"(?::443|:80)?"
    return b":%d" % (parts.port or 0)
