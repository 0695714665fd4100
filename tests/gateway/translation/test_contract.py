"""What flows are given: replies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.faults import EmrNonsense
from gateway.translation.contract import Reply


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b'"\xff"', b"[" * 5000], ids=range(5))
def test_a_body_that_is_not_json_is_the_emrs_fault_whatever_is_wrong_with_it(body: bytes) -> None:
    with pytest.raises(EmrNonsense):
        Reply(200, {}, body).json()


def test_decimals_keep_their_digits() -> None:
    assert str(Reply(200, {}, b'{"n": 1.00}').json()["n"]) == str(Decimal("1.00"))
