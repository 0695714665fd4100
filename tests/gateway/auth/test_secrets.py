"""Sealed secrets: what opens, what does not, and where the key comes from."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.secrets import SecretBox, load_secret_box, load_secret_key
from gateway.faults import Misconfigured
from gateway.settings import Settings

BOX = SecretBox(["the first secret of all"])


@given(st.binary(max_size=100), st.text(max_size=20))
def test_what_is_sealed_opens(plain: bytes, about: str) -> None:
    assert BOX.open("emr-credential", BOX.seal("emr-credential", plain, about), about) == plain


def test_it_opens_only_for_its_purpose_and_its_row() -> None:
    sealed = BOX.seal("emr-credential", b"hunter2", "1/kipu")
    for purpose, about in (("signing-key", "1/kipu"), ("emr-credential", "2/kipu"), ("emr-credential", "")):
        with pytest.raises(Misconfigured):
            BOX.open(purpose, sealed, about)


@pytest.mark.parametrize("sealed", ["", "v1", "v0.00000000.AAAA", "v1.00000000.AAAA", "plain text"])
def test_what_was_never_sealed_here(sealed: str) -> None:
    with pytest.raises(Misconfigured):
        BOX.open("emr-credential", sealed)


def test_an_altered_or_shortened_text_does_not_open() -> None:
    sealed = BOX.seal("emr-credential", b"hunter2")
    changed = sealed[:-3] + ("AA=" if not sealed.endswith("AA=") else "BB=")
    for text in (changed, sealed[:20], sealed[:-4], sealed[:13]):
        with pytest.raises(Misconfigured):
            BOX.open("emr-credential", text)


def test_sealing_twice_gives_two_texts() -> None:
    assert BOX.seal("emr-credential", b"x") != BOX.seal("emr-credential", b"x")


def test_rotation() -> None:
    old, new = SecretBox(["the old secret, long"]), SecretBox(["the new secret, long", "the old secret, long"])
    sealed = old.seal("emr-credential", b"hunter2")
    assert new.open("emr-credential", sealed) == b"hunter2"
    assert not new.is_current(sealed)
    again = new.seal("emr-credential", b"hunter2")
    assert new.is_current(again)
    with pytest.raises(Misconfigured, match="another CROSSWALK_SECRET_KEY"):
        old.open("emr-credential", again)


def test_each_purpose_has_its_own_mac_key() -> None:
    assert len(BOX.mac_key("paging")) == 32
    assert BOX.mac_key("paging") != BOX.mac_key("webhook")
    assert BOX.mac_key("paging") == SecretBox(["the first secret of all"]).mac_key("paging")


def test_nothing_shows() -> None:
    assert "secret of all" not in repr(BOX) + str(BOX)


def test_a_key_is_generated_once_and_for_the_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_secret_key(Settings(), data), range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 43
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == ["secret.key"]


def test_the_configured_key_wins(tmp_path: Path) -> None:
    settings = Settings(secret_key="configured, and long enough")
    assert load_secret_key(settings, tmp_path) == "configured, and long enough"
    assert not list(tmp_path.iterdir())
    sealed = load_secret_box(settings, tmp_path).seal("emr-credential", b"x")
    assert load_secret_box(settings, tmp_path).open("emr-credential", sealed) == b"x"


def test_an_empty_key() -> None:
    with pytest.raises(Misconfigured):
        SecretBox([])
