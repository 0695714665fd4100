"""What a request's body becomes before an operation sees it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import BaseModel
from starlette.requests import Request

from gateway.faces.asking import Nothing, modelled, queried
from gateway.faces.refusals import NotAsDeclared
from gateway.faults import Malformed


class Dose(BaseModel):
    """A body."""

    amount: Decimal


@pytest.mark.parametrize("written", ["1.50", "0.10", "100", "2e1"])
def test_numbers_keep_their_digits(written: str) -> None:
    dose = modelled(Dose, f'{{"amount": {written}}}'.encode())
    assert isinstance(dose, Dose)
    assert dose.amount.as_tuple() == Decimal(written).as_tuple()


def test_a_name_that_is_there_twice_is_no_body() -> None:
    with pytest.raises(Malformed):
        modelled(Dose, b'{"amount": 1, "amount": 2}')


def test_what_is_wrong_has_its_place_and_no_value() -> None:
    with pytest.raises(NotAsDeclared) as refused:
        modelled(Dose, b'{"amount": "in the bottle"}')
    (problem,) = refused.value.problems
    assert problem.place == ("body", "amount")
    assert "bottle" not in problem.text


def test_an_operation_without_parameters_takes_none() -> None:
    assert queried(Nothing, Request({"type": "http", "query_string": b""})) == Nothing()
    with pytest.raises(NotAsDeclared) as refused:
        queried(Nothing, Request({"type": "http", "query_string": b"status=active"}))
    assert [(problem.place, problem.kind) for problem in refused.value.problems] == [
        (("query", "status"), "extra_forbidden")
    ]
