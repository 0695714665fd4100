"""Words of the CRM's that a connection's mapping tables lack: what an operator is told, and what would mend it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

OFFERED = 5


@dataclass(frozen=True, slots=True)
class Unmapped:
    """One word that kept a fact back. When it is mapped, the push goes out again by itself."""

    kind: str
    """Of the mapping table: `payer`."""
    source: str
    """As the CRM says it."""
    target: str | None = None
    """What it is mapped to, which the EMR does not know; None without a mapping."""
    near: tuple[str, ...] = ()
    """What the EMR has that is most like it, as an operator enters it, with its name behind: `60054 (Prairie)`."""


def mapping_command(org: str, connection: str, kind: str, source: str, target: str) -> str:
    """What an operator can paste into a shell."""
    return shlex.join(("crosswalk", "mapping", "set", "--org", org, connection, kind, source, target))


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words that are most like it, whatever their case and the signs between their parts."""
    plain = {_plain(name): name for name in known}
    return [plain[found] for found in get_close_matches(_plain(word), plain, OFFERED, cutoff=0.5)]


def _plain(word: str) -> str:
    return "".join(sign for sign in word.casefold() if sign.isalnum())
