"""The numbers of search parameters are stable, and two of one number are refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.definitions.contract import SearchParameter
from gateway.faults import Misconfigured
from gateway.store.param_ids import check_collisions, param_id
from tests.gateway.store.basic_definitions import BasicDefinitions


def test_numbers_never_change() -> None:
    assert param_id("Patient", "birthdate") == 1929201147
    assert -(2**31) <= param_id("Observation", "value-quantity") < 2**31


def two_of_one_number() -> tuple[str, str]:
    """Of 200,000 names of 32 bits, some four pairs collide."""
    seen: dict[int, str] = {}
    for number in range(200_000):
        other = seen.setdefault(param_id("Basic", f"p{number}"), f"p{number}")
        if other != f"p{number}":
            return other, f"p{number}"
    raise AssertionError("no pair")


class Colliding(BasicDefinitions):
    served = frozenset(("Basic",))

    def search_parameters(self, type: str) -> Mapping[str, SearchParameter]:
        return {code: SearchParameter(code, "token", f"urn:{code}", "Basic.code") for code in two_of_one_number()}


def test_a_collision_is_named_at_start() -> None:
    check_collisions(BasicDefinitions())
    first, second = two_of_one_number()
    with pytest.raises(Misconfigured) as refused:
        check_collisions(Colliding())
    assert f"Basic.{first}" in str(refused.value)
    assert f"Basic.{second}" in str(refused.value)
