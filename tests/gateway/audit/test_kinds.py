"""Which addresses are accesses, and of which kind."""

from __future__ import annotations

import pytest

from gateway.app import ROUTES
from gateway.audit.kinds import KINDS, kind_at


@pytest.mark.parametrize(
    ("address", "method", "kind"),
    [
        ("/oauth/{org}/sign-in", "POST", "login"),
        ("/oauth/{org}/provider/callback", "GET", "login"),
        ("/oauth/{org}/sign-out", "POST", "logout"),
        ("/oauth/{org}/token", "POST", "token"),
        ("/oauth/{org}/consent", "POST", "authorization"),
        ("/oauth/{org}/userinfo", "GET", "authorization"),
        ("/oauth/{org}/authorize", "GET", None),
        ("/oauth/{org}/provider", "GET", None),
        ("/oauth/{org}/jwks", "GET", None),
    ],
)
def test_what_becomes_of_sign_ins(address: str, method: str, kind: str | None) -> None:
    assert address in {getattr(route, "path", "") for route in ROUTES}, "the route table has it"
    assert kind_at(address, method) == kind


def test_every_address_that_changes_something_is_an_access() -> None:
    for route in ROUTES:
        path = getattr(route, "path", "")
        for method in (getattr(route, "methods", None) or set()) - {"GET", "HEAD"}:
            assert kind_at(path, method) in KINDS, f"{method} {path}"
