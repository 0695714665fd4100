"""SMART App Launch 2.2 on the live server: what the kits of SMART and (g)(10) ask, and what they expect refused."""

from __future__ import annotations

import re

import httpx
import jwt
import pytest

from tests.conformance.smart_app import LAUNCH_URL, STANDALONE, App, Person, Site

pytestmark = pytest.mark.blackbox
ORIGIN = {"Origin": "https://app.example"}
ALLOW = "access-control-allow-origin"
REFUSED = (400, 401)


# --- discovery and CORS -----------------------------------------------------------------------------------------------


def test_well_known(site: Site) -> None:
    answer = httpx.get(f"{site.server.base}/.well-known/smart-configuration", headers={"Accept": "text/html", **ORIGIN})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers[ALLOW] in ("*", ORIGIN["Origin"])
    found = answer.json()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "authorization_code" in found["grant_types_supported"]
    assert all(url.startswith(site.server.url) for name, url in found.items() if name.endswith(("_endpoint", "_uri")))


def test_metadata_names_the_endpoints_too(site: Site) -> None:
    answer = httpx.get(f"{site.server.base}/metadata", headers=ORIGIN)
    assert (answer.status_code, answer.headers[ALLOW]) == (200, "*")
    security = answer.json()["rest"][0]["security"]
    (oauth,) = security["extension"]
    told = {each["url"]: each["valueUri"] for each in oauth["extension"]}
    assert told["authorize"] == site.found["authorization_endpoint"]
    assert told["token"] == site.found["token_endpoint"]
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"


def test_every_endpoint_is_there(site: Site) -> None:
    for name in ("token", "introspection", "revocation", "registration"):
        assert httpx.post(site.found[f"{name}_endpoint"], data={}).status_code in REFUSED
    assert httpx.get(site.found["authorization_endpoint"]).status_code == 400


# --- launches ---------------------------------------------------------------------------------------------------------


def test_standalone_launch(site: Site, app: App) -> None:
    answer = app.authorize(site.portal)
    assert answer["state"] == app.state
    exchanged = app.redeem(answer["code"])
    assert exchanged.status_code == 200
    assert "no-store" in exchanged.headers["cache-control"]
    assert "no-cache" in exchanged.headers["pragma"]
    tokens = exchanged.json()
    assert tokens["token_type"].lower() == "bearer"
    assert isinstance(tokens["expires_in"], int)
    assert set(tokens["scope"].split()) == set(STANDALONE.split())
    assert tokens["patient"] == site.patient
    assert app.read(tokens, f"Patient/{site.patient}").status_code != 401
    assert httpx.get(f"{site.server.base}/Patient/{site.patient}").status_code == 401


def test_the_exchange_of_a_public_client_by_cors(site: Site, app: App) -> None:
    code = app.authorize(site.portal)["code"]
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example/redirect",
        "code_verifier": app.verifier,
    }  # fmt: skip
    answer = app.token(**form)
    assert (answer.status_code, answer.headers[ALLOW]) == (200, "*")
    reached = httpx.get(
        f"{site.server.base}/Patient/{site.patient}",
        headers={**ORIGIN, "Authorization": f"Bearer {answer.json()['access_token']}"},
    )
    assert reached.status_code != 401
    assert reached.headers[ALLOW] == "*"


def test_ehr_launch(site: Site, app: App) -> None:
    made = site.admin.post("launch", json={"patient": site.patient, "client_id": app.client_id})
    assert made.status_code == 201, made.text
    assert made.json()["launch_url"].startswith(f"{LAUNCH_URL}?iss=")
    scope = "launch openid fhirUser offline_access user/Patient.rs patient/Patient.rs"
    tokens = app.launched(site.doctor, scope, launch=made.json()["launch"])
    assert tokens["patient"] == site.patient
    assert isinstance(tokens["need_patient_banner"], bool)
    assert httpx.get(tokens["smart_style_url"]).status_code == 200
    again = app.refresh(tokens["refresh_token"]).json()
    assert again["patient"] == site.patient
    assert app.authorize(site.doctor, scope, launch=made.json()["launch"])["error"] == "invalid_request"


def test_the_request_by_post_and_a_confidential_client(site: Site) -> None:
    app = site.register(public=False)
    assert app.launched(site.doctor, post=True)["patient"] == site.patient


def test_v1_scopes(site: Site, app: App) -> None:
    scope = "launch/patient openid fhirUser patient/Patient.read patient/Observation.read"
    tokens = app.launched(site.portal, scope)
    assert set(tokens["scope"].split()) == set(scope.split())


# --- OpenID Connect ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["doctor", "portal"])
def test_the_id_token(site: Site, app: App, who: str) -> None:
    person: Person = getattr(site, who)
    tokens = app.launched(person, nonce="n-0S6")
    issuer = jwt.decode(tokens["id_token"], options={"verify_signature": False})["iss"]
    configuration = httpx.get(f"{issuer}/.well-known/openid-configuration", headers=ORIGIN)
    assert configuration.headers["content-type"].startswith("application/json")
    found = configuration.json()
    assert {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "subject_types_supported"} <= found.keys()
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    keys = httpx.get(found["jwks_uri"]).json()
    header = jwt.get_unverified_header(tokens["id_token"])
    (key,) = [key for key in keys["keys"] if key["kid"] == header["kid"]]
    assert (header["alg"], key["kty"]) == ("RS256", "RSA")
    claims = jwt.decode(
        tokens["id_token"], jwt.PyJWK(key).key, algorithms=["RS256"], audience=app.client_id, issuer=found["issuer"]
    )
    assert claims["nonce"] == "n-0S6"
    assert 0 < len(claims["sub"]) < 256
    assert claims["fhirUser"] == f"{site.server.base}/{person.fhir_user}"


# --- what has to be refused -------------------------------------------------------------------------------------------


def test_a_wrong_audience_gives_no_code(site: Site, app: App) -> None:
    for aud in ("https://bad.example/fhir", f"{site.server.base}x", site.server.url, None):
        answer = app.authorize(site.portal, aud=aud)
        assert answer["error"] == "invalid_request"
        assert "code" not in answer


@pytest.mark.parametrize("wrong", ["none", "blank", "other", "plain"])
def test_pkce(site: Site, app: App, wrong: str) -> None:
    challenge = app.asks()["code_challenge"]
    verifier = {"none": None, "blank": "", "other": "a" * 73, "plain": challenge}[wrong]
    code = app.authorize(site.portal)["code"]
    assert app.redeem(code, code_verifier=verifier).status_code in REFUSED
    for method in ("plain", None):
        assert app.authorize(site.portal, code_challenge_method=method)["error"] == "invalid_request"


def test_wrong_codes_and_clients(site: Site, app: App) -> None:
    assert app.redeem("BAD_CODE").status_code == 400
    code = app.authorize(site.portal)["code"]
    assert app.redeem(code, client_id="BAD_CLIENT").status_code in REFUSED


def test_a_code_used_twice_takes_everything_back(site: Site, app: App) -> None:
    code = app.authorize(site.portal)["code"]
    tokens = app.redeem(code).json()
    assert app.redeem(code).status_code == 400
    assert app.refresh(tokens["refresh_token"]).status_code in REFUSED
    assert app.read(tokens, f"Patient/{site.patient}").status_code == 401


def test_refresh(site: Site, app: App) -> None:
    tokens = app.launched(site.portal)
    assert app.refresh("not-a-refresh-token").status_code in REFUSED
    plain = app.refresh(tokens["refresh_token"])
    assert plain.status_code == 200
    assert "no-store" in plain.headers["cache-control"]
    assert {"access_token", "token_type", "expires_in", "scope"} <= plain.json().keys()
    scoped = app.refresh(plain.json()["refresh_token"], scope=tokens["scope"]).json()
    assert set(scoped["scope"].split()) <= set(tokens["scope"].split())
    assert app.read(scoped, f"Patient/{scoped['patient']}").status_code != 401
    assert app.refresh(tokens["refresh_token"]).status_code in REFUSED, "the first one again"
    assert app.refresh(scoped["refresh_token"]).status_code in REFUSED, "so all of them are out"


def test_redirect_uris_are_matched_exactly(site: Site, app: App) -> None:
    for uri in ("https://app.example/redirect/", "https://app.example/redirect?a=b", "https://app.example/", None):
        answer = httpx.get(site.found["authorization_endpoint"], params=app.asks(redirect_uri=uri))
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_introspection(site: Site, app: App) -> None:
    resource_server = site.register(public=False, scope="openid")
    tokens = app.launched(site.portal)
    about = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    address, auth = site.found["introspection_endpoint"], (resource_server.client_id, resource_server.secret or "")
    found = httpx.post(address, data={"token": tokens["access_token"]}, auth=auth).json()
    assert found["active"] is True
    assert (found["client_id"], found["patient"]) == (app.client_id, tokens["patient"])
    assert set(found["scope"].split()) == set(tokens["scope"].split())
    assert {name: found[name] for name in ("iss", "sub", "fhirUser")} == {
        name: about[name] for name in ("iss", "sub", "fhirUser")
    }
    invalid = httpx.post(address, data={"token": "invalid_token_value"}, auth=auth)
    assert (invalid.status_code, invalid.json()) == (200, {"active": False})
    assert httpx.post(address, data={"token": tokens["access_token"]}).status_code == 401


def test_revocation(site: Site, app: App) -> None:
    tokens = app.launched(site.portal)
    form = {"token": tokens["refresh_token"], "client_id": app.client_id}
    assert httpx.post(site.found["revocation_endpoint"], data=form).status_code == 200
    assert app.read(tokens, f"Patient/{site.patient}").status_code in (401, 403, 404)
    assert app.refresh(tokens["refresh_token"]).status_code in REFUSED


def test_pages_tell_browsers_to_keep_out_others(site: Site, app: App) -> None:
    page = httpx.get(site.found["authorization_endpoint"], params=app.asks())
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert re.search(r"default-src 'none'", policy)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert f"path=/oauth/{site.server.org}" in cookie
