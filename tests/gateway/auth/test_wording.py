"""Scopes in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.discovery import SCOPES
from gateway.auth.scopes import ACTIONS, LAUNCH_SCOPES, Scopes
from gateway.auth.wording import PLAIN, in_words

EVERYONE = "of everyone whose records you may use"


def words(text: str) -> str:
    (item,) = Scopes.parse(text).items
    return in_words(item)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("patient/Observation.rs", "See test results and vital signs of this one patient"),
        ("patient/Observation.read", "See test results and vital signs of this one patient"),
        (
            "user/*.cruds",
            "See, add to, change and delete from all health records of everyone whose records you may use",
        ),
        ("patient/Condition.r", "Open (but not search) health problems and diagnoses of this one patient"),
        ("patient/MedicationStatement.cu", "Add to and change medication statement records of this one patient"),
        (
            "patient/Observation.rs?category=http://x.example|a,|b&status=final",
            "See test results and vital signs of this one patient, only where category is a or b and status is final",
        ),
        ("offline_access", "Keep this access when you have gone, until you or the organisation take it back"),
    ],
)
def test_words(scope: str, expected: str) -> None:
    assert words(scope) == expected


def test_every_plain_scope_has_its_words() -> None:
    assert PLAIN.keys() == LAUNCH_SCOPES


def test_all_that_is_listed_can_be_said() -> None:
    for scope in SCOPES:
        if not scope.startswith("gateway/"):
            assert words(scope)[0].isupper()


@given(
    st.sets(st.sampled_from(ACTIONS), min_size=1),
    st.sampled_from(["Patient", "CareTeam", "ExplanationOfBenefit", "*"]),
    st.sampled_from(["patient", "user"]),
)
def test_writing_is_never_said_to_be_seeing(actions: set[str], type: str, context: str) -> None:
    said = words(f"{context}/{type}.{''.join(action for action in ACTIONS if action in actions)}").lower()
    assert ("add to" in said) == ("c" in actions)
    assert ("change" in said) == ("u" in actions)
    assert ("delete from" in said) == ("d" in actions)
    assert said.startswith(("see", "open")) == bool(actions & {"r", "s"})
