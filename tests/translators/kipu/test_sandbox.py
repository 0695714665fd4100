"""The sandbox refuses what KIPU would, in KIPU's shapes, and its staff's commands do what staff do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.translation.contract import Call, Reply
from gateway.translation.sandbox import SandboxSetup
from tests.translators.kipu.desk import NOW, Desk, account
from translators.kipu.sandbox import create

APP = ("app_id", "sandbox-app")
HIGH = ("phi_level", "high")


def document(app: str = "sandbox-app", **data: Any) -> dict[str, Any]:
    person = {"first_name": "A", "last_name": "B", "dob": "2000-01-01", **data}
    return {"document": {"recipient_id": app, "sending_app_name": "test", "data": person}}


async def _get(desk: Desk, path: str, *query: tuple[str, str], **headers: str) -> Reply:
    return await desk.send(Call("GET", path, query), **headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "APIAuth sandbox-access:AAAA"}, 401),
        ({"Authorization": "APIAuth  sandbox-access:AAAA"}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Date": "Wed, 06 Nov 2019 15:38:34 GMT"}, 401),
        ({"Date": "yesterday"}, 401),
        ({"Accept": "application/json"}, 404),
        ({"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, 401),
    ],
)
async def test_what_is_not_signed_as_it_arrives_is_refused(headers: dict[str, str], status: int) -> None:
    assert (await _get(Desk(), "/api/locations", APP, **headers)).status == status


async def test_the_version_goes_with_its_digest() -> None:
    headers = {"Accept": "application/vnd.kipusystems+json; version=4"}
    assert (await _get(Desk(), "/api/locations", APP, **headers)).status == 401
    assert (await _get(Desk(account(api_version="4")), "/api/locations", APP)).status == 200


async def test_a_clock_that_is_wrong_by_more_than_a_quarter_of_an_hour() -> None:
    desk = Desk()
    for minutes, status in ((14, 200), (16, 401), (-16, 401)):
        sent = NOW + timedelta(minutes=minutes)
        desk.now = sent
        desk.sandbox.setup.clock = lambda: NOW
        assert (await _get(desk, "/api/locations", APP)).status == status


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/api/locations", (), 403),
        ("/api/locations", (("app_id", "other"),), 403),
        ("/api/patients/census", (APP,), 422),
        ("/api/patients/census", (APP, ("phi_level", "highest")), 422),
        ("/api/patients/census", (APP, HIGH, ("colour", "blue")), 422),
        ("/api/patients/census", (APP, HIGH, ("page", "0")), 422),
        ("/api/patients/census", (APP, HIGH, HIGH), 422),
        ("/api/patients/census", (APP, HIGH, ("insurance_detail", "yes")), 422),
        ("/api/patients/latest", (APP, HIGH), 422),
        ("/api/patients/latest", (APP, HIGH, ("start_date", "04/01/2026"), ("end_date", "2026-04-02")), 422),
        ("/api/patients/1001", (APP, HIGH), 422),
        ("/api/patients/1001", (APP, HIGH, ("patient_master_id", "none")), 404),
        ("/api/patients", (APP,), 405),
        ("/api/patients/census", (APP, HIGH), 200),
        ("/api/care_levels", (APP,), 200),
        ("/api/care_levels", (APP, ("page", "1")), 422),
        ("/api/users", (APP,), 200),
        ("/api/users", (APP, ("phi_level", "low")), 422),
        ("/api/providers", (APP, ("per", "none")), 422),
        ("/api/patients/occupancy", (APP,), 422),
        ("/api/patients/occupancy", (APP, ("phi_level", "low")), 200),
        ("/api/patients/admissions", (APP, HIGH, ("start_date", "2026-04-01")), 422),
        ("/api/insurances/latest", (APP,), 422),
        ("/api/insurances/latest", (APP, ("start_date", "2026-04-01"), ("end_date", "2026-04-02")), 200),
        ("/api/contacts/referrers", (APP,), 200),
        ("/api/settings/payors", (APP,), 200),
    ],
)
async def test_reads_are_checked(path: str, query: tuple[tuple[str, str], ...], status: int) -> None:
    assert (await _get(Desk(), path, *query)).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (document(), 201),
        (document(dob="01/31/2000"), 201),
        (document(admission_date="2026-04-16 00:00:00"), 201),
        (document("other"), 403),
        (document(first_name=""), 422),
        (document(dob="soon"), 422),
        (document(dob=""), 422),
        (document(gender="masculine"), 422),
        (document(state="OH"), 422),
        (document(location_id="99"), 422),
        (document(insurances_attributes=[{"member_id": "1"}]), 422),
        (document(insurances_attributes={"0": {}}), 422),
        (document(patient_contacts_attributes=[{"name": "x"}]), 422),
        ({"document": {"recipient_id": "sandbox-app", "data": {}}}, 422),
        ({}, 422),
        ([], 422),
    ],
)
async def test_creates_are_checked(body: Any, status: int) -> None:
    desk = Desk()
    reply = await desk.send(Call("POST", "/api/patients", json=body))
    assert reply.status == status
    if status == 201:
        assert reply.json() == {"document": {"status": "delivered"}}
    else:
        assert set(reply.json()) == {"error"}
        assert len(desk.charts) == 2


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"incoming_patch": True, "update_patient_attributes": True}, 200),
        ({"incoming_patch": True}, 422),
        ({"incoming_patch": True, "update_patient_attributes": True, "patient_id": 9}, 422),
        ({"incoming_patch": True, "update_patient_attributes": True, "last_name": ""}, 422),
        (
            {
                "incoming_patch": True,
                "update_patient_attributes": True,
                "insurances_attributes": [{"kipu_insurance_id": 1}],
            },
            422,
        ),
    ],
)
async def test_updates_are_checked(data: dict[str, Any], status: int) -> None:
    reply = await Desk().send(Call("PATCH", "/api/patients/1001", json=document(**data)))
    assert reply.status == status


async def test_a_patch_may_be_tunnelled() -> None:
    data: dict[str, Any] = {"incoming_patch": True, "update_patient_attributes": True, "last_name": "Tunnel"}
    desk = Desk()
    call = Call("POST", "/api/patients/1001", json=document(**data))
    assert (await desk.send(call)).status == 404
    assert (await desk.send(call, **{"X-HTTP-Method-Override": "PATCH"})).status == 200
    assert desk.charts["1001"]["last_name"] == "Tunnel"


async def test_pages_are_counted_in_text_and_the_last_one_repeats() -> None:
    desk = Desk()
    query = (APP, HIGH, ("per", "1"))
    second = (await _get(desk, "/api/patients/census", *query, ("page", "2"))).json()
    beyond = (await _get(desk, "/api/patients/census", *query, ("page", "9"))).json()
    assert second["pagination"] == {
        "current_page": "2",
        "total_pages": "2",
        "records_per_page": "1",
        "total_records": "2",
    }
    assert beyond["patients"] == second["patients"]


async def test_levels_and_details_hide_what_was_not_asked_for() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Seen", email="seen@example.org")
    low = (await _get(desk, "/api/patients/census", APP, ("phi_level", "low"))).json()["patients"][-1]
    high = (await _get(desk, "/api/patients/census", APP, HIGH)).json()["patients"][-1]
    detailed = (await _get(desk, "/api/patients/census", APP, HIGH, ("insurance_detail", "v121"))).json()["patients"][
        -1
    ]
    assert "level_of_care" not in low
    assert high["level_of_care"] == "Residential"
    assert "email" not in high
    assert "insurances" not in high
    assert detailed["insurances"][0]["policy_no"] == "A123456789"
    assert not any(name.startswith("_") for name in detailed)


async def test_staff() -> None:
    desk = Desk()
    made = await desk.staff(
        "admit", last_name="Newly", level_of_care="Detox", bed_name="B-2", insurance={"policy_no": "Q1"}
    )
    assert made["mr_number"] == "DHR2026-63"
    assert made["admission_date"] == "2026-04-16T07:00:00.000Z"
    (chart,) = desk.of("Newly")
    assert (chart["level_of_care"], chart["bed_name"], chart["insurances"][0]["policy_no"]) == ("Detox", "B-2", "Q1")
    before = chart["last_updated_at"]
    await desk.staff("discharge", mr_number=made["mr_number"], discharging_to="Outpatient Program")
    assert chart["discharge_or_transition_name"] == "Outpatient Program"
    assert chart["last_updated_at"] > before
    second = await desk.staff("admit", last_name="Other")
    assert second["mr_number"] == "DHR2026-64"


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("admit", {}),
        ("discharge", {}),
        ("discharge", {"last_name": "Nobody"}),
        ("discharge", {"last_name": "Sampleton"}),
        ("chart", {"last_name": "Sampleton"}),
        ("chart", {"last_name": "Sampleton", "fields": {"casefile_id": "1"}}),
    ],
)
async def test_staff_are_told_what_is_wrong(command: str, arguments: dict[str, Any]) -> None:
    response = await Desk().client.post(f"/_sandbox/{command}", json=arguments)
    assert response.status_code == 400


async def test_switched_off() -> None:
    desk = Desk()
    desk.sandbox.switch(["switched-off"])
    days = (("start_date", "2026-04-01"), ("end_date", "2026-04-02"))
    assert (await _get(desk, "/api/patients/latest", APP, HIGH, *days)).status == 410


async def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "kipu.json"
    first = create(SandboxSetup(file, clock=lambda: NOW))
    await first.commands["admit"]({"last_name": "Kept"})
    first.save()
    again = create(SandboxSetup(file, clock=lambda: NOW))
    assert [c["last_name"] for c in again.state["patients"].values()] == ["Sampleton", "Demoson", "Kept"]


async def test_occupancy_tells_who_lies_in_a_bed_as_far_as_it_is_asked() -> None:
    desk = Desk()
    made = await desk.staff("admit", last_name="Bedded")
    shown = {}
    for level in ("low", "medium"):
        beds = (await _get(desk, "/api/patients/occupancy", APP, ("phi_level", level))).json()["beds"]
        shown[level] = next(bed for bed in beds if bed["bed_name"] == "A-101")
    assert shown["low"]["casefile_id"] == made["casefile_id"]
    assert ("last_name" in shown["low"], shown["medium"]["last_name"]) == (False, "Bedded")
    assert shown["low"]["status"] == "Occupied"
    await desk.staff("discharge", last_name="Bedded")
    beds = (await _get(desk, "/api/patients/occupancy", APP, ("phi_level", "low"))).json()["beds"]
    assert {bed["bed_name"]: bed["status"] for bed in beds} == {
        "A-101": "Available",
        "A-102": "Available",
        "B-201": "Closed",
    }


async def test_the_census_is_of_today_and_admissions_of_their_days() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Gone", admission_date="2026-03-02 00:00:00")
    await desk.staff("discharge", last_name="Gone")
    census = (await _get(desk, "/api/patients/census", APP, HIGH)).json()["patients"]
    assert "Gone" not in {row["last_name"] for row in census}
    days = (("start_date", "2026-03-01"), ("end_date", "2026-03-03"))
    admitted = (await _get(desk, "/api/patients/admissions", APP, HIGH, *days)).json()["patients"]
    assert {row["last_name"] for row in admitted} == {"Gone"}


async def test_policies_that_changed_name_their_chart() -> None:
    desk = Desk()
    made = await desk.staff("admit", last_name="Insured")
    days = (("start_date", f"{desk.now:%Y-%m-%d}"), ("end_date", f"{desk.now:%Y-%m-%d}"))
    (row,) = (await _get(desk, "/api/insurances/latest", APP, *days)).json()["insurances"]
    assert (row["patient_casefile_id"], row["policy_no"]) == (made["casefile_id"], "A123456789")
    assert not any(name.startswith("_") for name in row)


async def test_people_in_any_number_are_the_same_for_the_same_numbers() -> None:
    charts = []
    for _ in range(2):
        desk = Desk()
        assert await desk.staff("populate", count=30) == {"patients": 32}
        charts.append([chart for chart in desk.charts.values() if chart["record_source"] == "KIPU"])
    assert charts[0] == charts[1]
    assert sum(bool(chart["discharge_date"]) for chart in charts[0]) == 10
    assert (await desk.staff("calls"))["calls"] == 0
