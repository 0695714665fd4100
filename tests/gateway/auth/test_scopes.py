"""Scopes: the table of spellings, and the laws of granting."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth.scopes import ACTIONS, LAUNCH_SCOPES, ResourceScope, Scopes, granted, rejected

TYPES = ("Patient", "Observation", "Coverage")


def permissions(scopes: Scopes) -> set[tuple[str, str]]:
    return {(type, action) for type in (*TYPES, "Device") for action in ACTIONS if scopes.allows(type, action)}


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("system/Patient.read", "rs"),
        ("system/Patient.write", "cud"),
        ("system/Patient.*", "cruds"),
        ("system/*.read", "rs"),
        ("system/Patient.cruds", "cruds"),
        ("system/Patient.rs", "rs"),
        ("system/Patient.s", "s"),
        ("system/*.cud", "cud"),
        ("system/Patient.read system/Patient.c", "crs"),
        # malformed, or not for a system
        ("system/Patient.sr", ""),
        ("system/Patient.rr", ""),
        ("system/Patient.", ""),
        ("system/Patient", ""),
        ("system/Patient.READ", ""),
        ("System/Patient.read", ""),
        ("system/patient.read", ""),
        ("system/Patient.read?category=x", ""),
        ("system/Patient.readx", ""),
        ("system/Pat*.read", ""),
        ("system//Patient.read", ""),
        ("system/Patient.read\n", ""),
        ("system/Patient.\u0440s", ""),
        ("system/*.", ""),
        ("*/*.*", ""),
        ("patient/Patient.cruds", ""),
        ("user/*.*", ""),
        ("system/Patient.rs?gender=female", ""),
        ("system/Patient.rs?", ""),
        ("gateway/admin", ""),
        ("", ""),
    ],
)
def test_what_a_scope_permits(text: str, actions: str) -> None:
    assert {a for a in ACTIONS if Scopes.parse(text).allows("Patient", a)} == set(actions)


def test_a_scope_with_search_parameters_is_kept_but_permits_nothing() -> None:
    (scope,) = Scopes.parse("system/Observation.rs?category=laboratory&status=final").resources
    assert (scope.type, scope.query) == ("Observation", "category=laboratory&status=final")
    assert not scope.permits("Observation", "r")


def test_a_type_outside_the_definitions_is_left_out() -> None:
    text = "system/Patient.rs system/Prescription.rs"
    assert str(Scopes.parse(text, types=TYPES)) == "system/Patient.rs"
    assert rejected(text, types=TYPES) == ("system/Prescription.rs",)


def test_admin_is_no_permission_on_resources() -> None:
    assert Scopes.parse("gateway/admin").admin
    assert not Scopes.parse("gateway/admin2 system/*.cruds").admin


@pytest.mark.parametrize(
    ("requested", "registered", "expected"),
    [
        ("system/Patient.rs", "system/Patient.cruds", "system/Patient.rs"),
        ("system/Patient.read", "system/Patient.rs", "system/Patient.read"),
        ("system/Patient.rs", "system/Patient.read", "system/Patient.rs"),
        ("system/Patient.cruds", "system/Patient.read system/Patient.write", "system/Patient.cruds"),
        ("system/Patient.*", "system/Patient.read", "system/Patient.read"),
        ("system/Patient.*", "system/Patient.crs", "system/Patient.crs"),
        ("system/*.cruds", "system/Patient.rs", "system/Patient.rs"),
        ("system/*.read", "system/*.cruds", "system/*.read"),
        ("system/*.read", "system/Patient.read system/Coverage.cruds", "system/Patient.read system/Coverage.read"),
        ("system/*.cruds", "system/*.rs system/Patient.cud", "system/*.rs system/Patient.cruds"),
        ("system/Patient.rs", "system/*.read", "system/Patient.rs"),
        ("system/Patient.rs", "system/Coverage.rs", ""),
        ("system/Patient.rs", "patient/Patient.rs user/Patient.rs", ""),
        ("patient/Patient.rs", "patient/Patient.rs system/Patient.rs", ""),
        ("user/Patient.rs", "user/*.cruds", ""),
        ("openid fhirUser launch/patient", "openid fhirUser launch/patient", ""),
        ("system/Patient.rs?gender=x", "system/Patient.rs", "system/Patient.rs?gender=x"),
        ("system/Patient.rs", "system/Patient.rs?gender=x", "system/Patient.rs?gender=x"),
        ("system/Patient.rs?gender=x", "system/Patient.rs?gender=x", "system/Patient.rs?gender=x"),
        ("gateway/admin", "gateway/admin", "gateway/admin"),
        ("gateway/admin", "system/*.cruds", ""),
        ("system/*.cruds", "gateway/admin", ""),
        ("system/Patient.rs nonsense system/Patient.rs", "system/*.rs", "system/Patient.rs"),
    ],
)
def test_granted(requested: str, registered: str, expected: str) -> None:
    assert str(granted(Scopes.parse(requested), Scopes.parse(registered))) == expected


SCOPE = st.builds(
    lambda context, type, actions, query: f"{context}/{type}.{actions}{query}",
    st.sampled_from(["system", "system", "system", "patient", "user"]),
    st.sampled_from(["*", *TYPES]),
    st.sampled_from(["read", "write", "*"])
    | st.sets(st.sampled_from(ACTIONS)).map(lambda s: "".join(sorted(s, key=ACTIONS.find))),
    st.sampled_from(["", "", "", "?status=active"]),
)
TEXT = st.lists(
    SCOPE | st.sampled_from(["gateway/admin", *sorted(LAUNCH_SCOPES)]) | st.text(max_size=8), max_size=6
).map(" ".join)


@given(TEXT, TEXT)
@settings(max_examples=200, deadline=None)
def test_granted_is_the_intersection_of_permissions(requested: str, registered: str) -> None:
    wanted, held = Scopes.parse(requested), Scopes.parse(registered)
    given_ = granted(wanted, held)
    assert permissions(given_) == permissions(wanted) & permissions(held)
    assert given_.plain == wanted.plain & held.plain & {"gateway/admin"}


@given(TEXT)
@settings(deadline=None)
def test_asking_for_what_is_registered_changes_no_spelling(text: str) -> None:
    scopes = Scopes.parse(text)
    grantable = [
        item for item in scopes.items
        if (isinstance(item, ResourceScope) and item.context == "system" and not item.query) or item == "gateway/admin"
    ]  # fmt: skip
    assert set(grantable) <= set(granted(scopes, scopes).items)


@given(st.text() | TEXT)
@settings(deadline=None)
def test_parsing_never_fails_and_its_text_means_the_same(text: str) -> None:
    scopes = Scopes.parse(text)
    assert Scopes.parse(str(scopes)) == scopes
    assert granted(scopes, Scopes.parse("")) == Scopes()
    assert all(word in text for word in rejected(text))
