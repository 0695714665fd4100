"""EHR launches: minted once, used once, by whom and for what they were made."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from gateway.auth import launches
from gateway.auth.launches import LIFETIME_US, Launch
from gateway.auth.minting import minted
from gateway.faults import Invalid, NotFound
from tests.gateway.auth.launching import (
    DOCTOR,
    NORTH,
    OPERATOR,
    PATIENT,
    PUBLIC,
    REDIRECT,
    VIEWER,
    App,
    Browser,
    Clinic,
)
from tests.gateway.auth.launching import clinic as clinic

SCOPE = "launch openid fhirUser patient/Patient.rs launch/encounter"


async def mint(clinic: Clinic, **about: Any) -> dict[str, Any]:
    return await minted(clinic.services, clinic.realm, Launch(**about))


async def put_encounter(clinic: Clinic, patient: str = "p-1") -> None:
    encounter = {
        "resourceType": "Encounter", "id": "e-1", "status": "in-progress", "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{patient}"},
    }  # fmt: skip

    def write(transaction: Any) -> None:
        transaction.put(encounter)

    await clinic.services.store.write(clinic.realm.org, write)


async def launched(clinic: Clinic, app: App, launch: str, email: str = DOCTOR) -> Browser:
    browser = clinic.browser()
    await browser.open(app.asks(SCOPE, launch=launch))
    if browser.page.status_code == 200:
        await browser.sign_in(email)
    return browser


async def test_the_application_gets_what_it_was_launched_about(clinic: Clinic) -> None:
    await put_encounter(clinic)
    app = clinic.register(launch_url="https://app.example/launch?v=1")
    about = {"fhir_context": [{"reference": "DocumentReference/d-1"}], "intent": "reconcile-medications"}
    made = await mint(
        clinic, patient="p-1", encounter="e-1", need_patient_banner=False, client_id=app.client_id, **about
    )
    assert made["iss"] == NORTH
    assert made["launch_url"].startswith("https://app.example/launch?v=1&iss=https%3A%2F%2F")
    assert made["launch"] in made["launch_url"]
    assert "p-1" not in made["launch_url"].replace(made["launch"], "")
    browser = await launched(clinic, app, made["launch"])
    assert "Ada Quill" in browser.text, "the launch says which patient: nobody is asked"
    await browser.allow()
    tokens = (await clinic.redeem(app, browser.answer.params["code"])).json()
    assert {
        name: tokens[name] for name in ("patient", "encounter", "need_patient_banner", "intent", "fhirContext")
    } == {
        "patient": "p-1",
        "encounter": "e-1",
        "need_patient_banner": False,
        "intent": "reconcile-medications",
        "fhirContext": [{"reference": "DocumentReference/d-1"}],
    }
    assert tokens["smart_style_url"] == f"{PUBLIC}/oauth/north/style"
    assert (await clinic.http.get(tokens["smart_style_url"])).json()["color_text"].startswith("#")


async def test_a_launch_is_used_once(clinic: Clinic) -> None:
    app = clinic.register()
    launch = (await mint(clinic, patient="p-1"))["launch"]
    first, second = await launched(clinic, app, launch), await launched(clinic, app, launch)
    await first.allow()
    assert "code" in first.answer.params
    await second.allow()
    assert second.answer.params["error"] == "invalid_request"
    third = await launched(clinic, app, launch)
    assert third.answer.params["error"] == "invalid_request"


async def test_a_launch_grows_old(clinic: Clinic) -> None:
    app = clinic.register()
    launch = (await mint(clinic, patient="p-1"))["launch"]
    open_for_long = await launched(clinic, app, launch)
    clinic.clock.advance(LIFETIME_US / 1_000_000)
    assert (await launched(clinic, app, launch)).answer.params["error"] == "invalid_request"
    await open_for_long.allow()
    assert open_for_long.answer.params["error"] == "invalid_request"


async def test_a_launch_for_one_client_is_no_others(clinic: Clinic) -> None:
    app, other = clinic.register(), clinic.register()
    launch = (await mint(clinic, patient="p-1", client_id=app.client_id))["launch"]
    assert (await launched(clinic, other, launch)).answer.params["error"] == "invalid_request"
    await (browser := await launched(clinic, app, launch)).allow()
    assert "code" in browser.answer.params


async def test_a_launch_for_one_user_is_no_others(clinic: Clinic) -> None:
    app = clinic.register()
    launch = (await mint(clinic, patient="p-1", email=DOCTOR.upper()))["launch"]
    assert (await launched(clinic, app, launch, OPERATOR)).answer.params["error"] == "access_denied"
    assert "Ada Quill" in (await launched(clinic, app, launch, DOCTOR)).text


@pytest.mark.parametrize("email", [PATIENT, VIEWER])
async def test_a_launch_shows_nobody_a_patient_whom_they_may_not_see(clinic: Clinic, email: str) -> None:
    app = clinic.register()
    browser = await launched(clinic, app, (await mint(clinic, patient="p-2"))["launch"], email)
    assert browser.answer.params["error"] == "access_denied"
    assert "Ben Rook" not in browser.text


async def test_a_patient_is_launched_about_themselves(clinic: Clinic) -> None:
    app = clinic.register()
    browser = await launched(clinic, app, (await mint(clinic, patient="p-1"))["launch"], PATIENT)
    await browser.allow()
    assert (await clinic.redeem(app, browser.answer.params["code"])).json()["patient"] == "p-1"


async def test_the_picker_changes_no_launch(clinic: Clinic) -> None:
    app = clinic.register()
    browser = await launched(clinic, app, (await mint(clinic, patient="p-1"))["launch"])
    await browser.send("patient", patient="p-2")
    assert "Let Chart app in?" not in browser.text
    browser.page = await browser.http.get("/oauth/north/authorize", params=app.asks())
    await browser.send("patient", patient="p-2")
    await browser.allow()
    assert (await clinic.redeem(app, browser.answer.params["code"])).json()["patient"] == "p-2", "its own request"


async def test_a_launch_of_another_organisation_is_none(clinic: Clinic) -> None:
    app = clinic.register()
    south = clinic.services.auth.realm("south")
    with Session(clinic.services.auth.engine) as session:
        now, random = clinic.services.clock(), clinic.services.auth.random
        launch = launches.mint(session, south.org, Launch(), now=now, random=random)
        session.commit()
    assert (await launched(clinic, app, launch)).answer.params["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("about", "place"),
    [
        ({"patient": "nobody"}, "patient"),
        ({"patient": "no id at all"}, "patient"),
        ({"encounter": "e-1"}, "encounter"),
        ({"patient": "p-2", "encounter": "e-1"}, "encounter"),
        ({"patient": "p-1", "encounter": "e-2"}, "encounter"),
        ({"email": "nobody@north.example"}, "user"),
        ({"intent": ""}, "intent"),
        ({"fhir_context": [{"role": "launch"}]}, "fhirContext[0]"),
        ({"fhir_context": [{"reference": "Patient/p-2"}]}, "fhirContext[0]"),
        ({"fhir_context": [{"reference": 7}]}, "fhirContext[0]"),
        ({"fhir_context": [{"canonical": "x"}] * 51}, "fhirContext"),
    ],
)
async def test_what_cannot_be_launched_about(clinic: Clinic, about: dict[str, Any], place: str) -> None:
    await put_encounter(clinic)
    with pytest.raises(Invalid) as refused:
        await mint(clinic, **about)
    assert refused.value.issues[0].expression == (place,)


async def test_a_client_that_nobody_lets_in_cannot_be_launched(clinic: Clinic) -> None:
    backend = clinic.register(public=False, grants=("client_credentials",), redirect_uris=())
    with pytest.raises(Invalid):
        await mint(clinic, client_id=backend.client_id)
    with pytest.raises(NotFound):
        await mint(clinic, client_id="nobody")


async def test_a_launch_parameter_without_its_scope_is_nothing(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    launch = (await mint(clinic, patient="p-2"))["launch"]
    await browser.open(app.asks("openid patient/Patient.rs", launch=launch))
    await browser.sign_in(PATIENT)
    assert "Ada Quill" in browser.text
    assert browser.page.headers["content-security-policy"].count(REDIRECT.rpartition("/")[0]) == 1
