"""What a launched application reaches on the live server: what was granted, of whom, and nothing else."""

from __future__ import annotations

import httpx
import jwt
import pytest

from tests.conformance.smart_app import RESOURCES, App, Site

pytestmark = pytest.mark.blackbox
ORIGIN = {"Origin": "https://app.example"}


def test_the_patient_in_context_can_be_read(site: Site, app: App) -> None:
    tokens = app.launched(site.portal)
    assert app.read(tokens, f"Patient/{tokens['patient']}").status_code == 200
    again = app.refresh(tokens["refresh_token"]).json()
    assert app.read(again, f"Patient/{again['patient']}").status_code == 200


@pytest.mark.parametrize("scope", ["patient/Observation.read", "patient/Observation.rs", "patient/*.rs"])
def test_either_spelling_of_scopes(site: Site, app: App, scope: str) -> None:
    tokens = app.launched(site.portal, f"launch/patient openid {scope}")
    assert app.read(tokens, "Observation").status_code == 200


def test_the_user_can_be_read(site: Site, app: App) -> None:
    tokens = app.launched(site.portal)
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    headers = {"Authorization": f"Bearer {tokens['access_token']}", **ORIGIN}
    user = httpx.get(claims["fhirUser"], headers=headers)
    assert (user.status_code, user.headers["access-control-allow-origin"]) == (200, "*")


def test_a_limited_grant_reaches_no_further(site: Site, app: App) -> None:
    denied = ("Condition", "Encounter", "Coverage")
    tokens = app.launched(site.portal, without=tuple(f"patient/{type}.rs" for type in denied))
    granted = {scope for scope in tokens["scope"].split() if scope.startswith("patient/")}
    assert granted == {f"patient/{type}.rs" for type in RESOURCES if type not in denied}
    for type in RESOURCES:
        path = f"Patient/{site.patient}" if type == "Patient" else f"{type}?patient={site.patient}"
        status = app.read(tokens, path).status_code
        assert status in ((401, 403) if type in denied else (200,)), type
