"""Where candidates are looked for."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from gateway.operations.matching.blocks import blocks_of, phone_forms
from gateway.operations.matching.facts import facts_of
from gateway.store.candidates_sql import Codes, Days, Prefixes
from tests.gateway.operations.matching.people import patients


@given(patients())
def test_what_can_be_compared_can_be_looked_for(patient: dict[str, Any]) -> None:
    assert bool(list(blocks_of(patient))) == (not facts_of(patient).is_empty)


def test_an_identifier_is_looked_for_in_its_system_in_the_forms_it_is_written() -> None:
    (block,) = blocks_of({"identifier": [{"system": "urn:ssn", "value": "123456789"}]})
    assert isinstance(block.first, Codes)
    assert (block.first.system, set(block.first.codes)) == ("urn:ssn", {"123456789", "123-45-6789"})


def test_numbers_are_looked_for_in_the_forms_they_are_written() -> None:
    forms = phone_forms("+1 (555) 010-4477")
    assert {"5550104477", "555-010-4477", "(555) 010-4477", "+15550104477", "+1 (555) 010-4477"} <= set(forms)
    assert phone_forms("0201 555 0104 99") != [] == phone_forms("")[1:]


def test_names_lead_by_their_beginning_and_short_forms() -> None:
    blocks = list(blocks_of({"name": [{"family": "García", "given": ["Elizabeth"]}]}))
    (given_names,) = blocks[0].others
    assert blocks[0].first == Prefixes("family", ("García",))
    assert isinstance(given_names, Prefixes)
    assert {"Eli", "liz", "betty"} <= set(given_names.texts)


def test_days_of_birth_lead_with_what_a_slip_makes_of_them() -> None:
    blocks = list(blocks_of({"name": [{"family": "X"}], "birthDate": "1984-03-09"}))
    firsts = [each.first for each in blocks if isinstance(each.first, Days)]
    assert len(firsts[0].ranges) == 1
    assert len(firsts[1].ranges) > 1
    assert all(each.others for each in blocks if isinstance(each.first, Days) and len(each.first.ranges) > 1)
