"""The number that stands for a search parameter in the index tables."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from gateway.definitions.contract import Definitions
from gateway.faults import Misconfigured
from gateway.search.plan import BESIDE


@lru_cache(maxsize=16_384)
def param_id(type: str, code: str) -> int:
    """A signed 32-bit number that depends on nothing but the name, so that it never has to be migrated."""
    return number_of(f"{type}.{code}")


def number_of(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big", signed=True)


def indexed(definitions: Definitions, type: str) -> Iterator[str]:
    for code in definitions.search_parameters(type):
        for modifier in ("", *BESIDE):
            yield f"{type}.{code}{modifier}"


@lru_cache(maxsize=4)
def check_collisions(definitions: Definitions) -> None:
    """Two parameters of one number would answer for each other: refuse to start."""
    seen: dict[int, str] = {}
    for type in sorted(definitions.served):
        for name in indexed(definitions, type):
            other = seen.setdefault(number_of(name), name)
            if other != name:
                raise Misconfigured(
                    f"The search parameters {other} and {name} share an index number; rename one.", name
                )
