"""Users and their passwords."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.tables import UserAccount
from gateway.auth.users import NewUser, Role, account_name, check, hash_password, is_password_of
from gateway.faults import Invalid


def account(password: str) -> UserAccount:
    return UserAccount(org=1, email="a@b.example", password_hash=hash_password(password), role="viewer", created=0)


def test_a_password_is_kept_as_an_argon2id_hash_and_recognised() -> None:
    row = account("correct horse battery")
    assert row.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password_of(row, "correct horse battery")
    assert not is_password_of(row, "correct horse batterz")


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password() -> None:
    assert is_password_of(account("caf\u00e9 caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301 cafe\u0301")


def test_nobody_and_a_disabled_user_have_no_password() -> None:
    row = account("correct horse battery")
    row.disabled = 1
    assert not is_password_of(row, "correct horse battery")
    assert not is_password_of(None, "no account has this hash")


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 1025])
def test_a_password_of_the_wrong_length_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        hash_password(password)
    assert refused.value.issues[0].expression == ("password",)


@pytest.mark.parametrize("email", ["", "a", "@", "a@", "a b@c", "a@b@c", "a\x00@b", "x" * 250 + "@b.example"])
def test_what_is_no_e_mail_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid):
        check(NewUser(email=email, role=Role.VIEWER))


@pytest.mark.parametrize("id", ["", "Patient/1", "a b", "x" * 65, "é"])
def test_what_is_no_id_is_refused(id: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(NewUser(email="a@b.example", role=Role.VIEWER, practitioner=id))
    assert refused.value.issues[0].expression == ("practitioner",)


@given(st.text())
def test_an_account_has_one_name(email: str) -> None:
    assert account_name(account_name(email)) == account_name(email)


def test_each_role_may_do_what_the_ones_before_it_may() -> None:
    reach = {role: [needed for needed in Role if role.reaches(needed)] for role in Role}
    assert reach == {
        Role.VIEWER: [Role.VIEWER],
        Role.OPERATOR: [Role.VIEWER, Role.OPERATOR],
        Role.ADMIN: [Role.VIEWER, Role.OPERATOR, Role.ADMIN],
    }
