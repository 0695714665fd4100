"""The CRM and KIPU's staff both at work while what is between them fails: in the end both sides say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import httpx
import pytest

from tests.blackbox.crm import edited, intake
from tests.blackbox.sync_world import ORG, Json, World, until, world

pytestmark = pytest.mark.blackbox
MORE = {
    "telecom": [
        {"system": "phone", "value": "+19135550142", "use": "home", "rank": 1},
        {"system": "email", "value": "rowan@mail.example", "use": "home"},
    ],
    "contact": [{"name": {"text": "Jane Sample"}, "telecom": [{"system": "phone", "value": "+15555550123"}]}],
}
LOCKED = "Patient Discharged: EMR Updates Locked"
FACTS = {
    "first_name": "first_name", "last_name": "last_name", "dob": "dob", "gender": "gender", "phone": "phone",
    "email": "email", "address_street": "line", "address_city": "city", "state": "state", "address_zip": "zip",
    "mr_number": "mr", "level_of_care": "level", "program": "program", "bed_name": "bed",
    "discharge_type": "discharge_type", "discharge_or_transition_name": "to",
}  # fmt: skip
"""KIPU's name → ours."""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("bothways"), "kipu") as made:
        made.staff("kipu", "webhooks", **made.hooks["kipu"])
        yield made


@pytest.fixture(autouse=True)
def fine(clinic: World) -> Iterator[None]:
    yield
    clinic.fault("kipu")


def charts(clinic: World, family: str) -> list[Json]:
    return sorted(clinic.patients("kipu", family), key=lambda chart: str(chart["casefile_id"]))


def at_kipu(chart: Json) -> Json:
    told = {ours: chart.get(theirs) or None for theirs, ours in FACTS.items()}
    told |= {
        ours: _instant(chart.get(theirs)) for theirs, ours in (("admission_date", "from"), ("discharge_date", "to_day"))
    }
    told["policies"] = sorted((p["policy_no"], p.get("insurance_company")) for p in chart["insurances"])
    told["contacts"] = sorted((c.get("full_name"), c.get("phone")) for c in chart["patient_contacts"])
    return told


def here(clinic: World, patient: Json) -> Json:
    """The same facts, as a FHIR client reads them."""
    (stay,) = clinic.found(f"Encounter?patient=Patient/{patient['id']}")
    name = next(name for name in patient["name"] if name["use"] == "official")
    address = (patient.get("address") or [{}])[0]
    period, hospital = stay.get("period", {}), stay.get("hospitalization", {})
    beds = [p["location"]["display"] for p in stay.get("location", ()) if _code(p.get("physicalType")) == "bd"]
    return {
        "first_name": name["given"][0],
        "last_name": name["family"],
        "dob": patient["birthDate"],
        "gender": patient["gender"].capitalize(),
        "phone": _telecom(patient, "phone"),
        "email": _telecom(patient, "email"),
        "line": (address.get("line") or [None])[0],
        "city": address.get("city"),
        "state": address.get("state"),
        "zip": address.get("postalCode"),
        "mr": next((i["value"] for i in patient["identifier"] if i["system"].endswith("/kipu-mr")), None),
        "level": (stay.get("type") or [{}])[0].get("text"),
        "program": stay.get("serviceType", {}).get("text"),
        "bed": beds[0] if beds else None,
        "discharge_type": hospital.get("dischargeDisposition", {}).get("text"),
        "to": hospital.get("destination", {}).get("display"),
        "from": _instant(period.get("start")),
        "to_day": _instant(period.get("end")),
        "policies": sorted(
            (coverage["subscriberId"], coverage["payor"][0].get("display"))
            for coverage in clinic.found(f"Coverage?beneficiary=Patient/{patient['id']}")
        ),
        "contacts": sorted(
            (contact["name"].get("text"), _telecom(contact, "phone")) for contact in patient.get("contact", ())
        ),
    }


def _telecom(of: Json, system: str) -> str | None:
    return next((str(t["value"]) for t in of.get("telecom", ()) if t["system"] == system), None)


def _code(concept: Json | None) -> str | None:
    return None if not concept else str(concept["coding"][0]["code"])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def differences(clinic: World, families: Sequence[str]) -> list[str]:
    """In words, where the two sides do not say the same."""
    found = []
    for family in families:
        theirs, ours = charts(clinic, family), clinic.found(f"Patient?family={family}")
        if len(theirs) != 1 or len(ours) != 1:
            found.append(f"{family}: {len(theirs)} charts at KIPU, {len(ours)} patients here")
            continue
        there, said = at_kipu(theirs[0]), here(clinic, ours[0])
        found += [
            f"{family}.{name}: {there[name]} at KIPU, {said[name]} here" for name in there if there[name] != said[name]
        ]
    return found


@contextmanager
def met(clinic: World) -> Iterator[None]:
    """What is done inside runs into the fault that is on: the gateway has called KIPU since."""
    calls = clinic.wires["kipu"].calls
    before = len(calls)
    yield
    until(lambda: len(calls) > before)


def pulled(clinic: World) -> None:
    clinic.do("connection", "pull", "--org", ORG, "kipu")


def test_whatever_fails_between_them_both_sides_end_equal(clinic: World) -> None:
    families = ("Bothways", "Backforth", "Walkedin")
    # Answers of writes are lost, and every webhook comes twice.
    clinic.fault("kipu", "drop-after-commit", "hooks-twice")
    first, second = (intake(clinic, family, {"display": "Keystone Mutual"}, **MORE) for family in families[:2])
    until(lambda: all(charts(clinic, family) for family in families[:2]))
    clinic.staff("kipu", "admit", last_name=families[2], first_name="Wanda")
    # KIPU is away while both sides write on.
    clinic.fault("kipu", "bad-gateway", "hooks-lost")
    with met(clinic):
        edited(clinic, first, "email", "rowan.new@mail.example")
    clinic.staff("kipu", "admit", last_name=families[0])
    clinic.staff("kipu", "chart", last_name=families[0], fields={"address_city": "Topeka", "gender": "Other"})
    # It is back, slow, and stumbles once more.
    clinic.fault("kipu", "slow", "hooks-twice")
    clinic.staff("kipu", "admit", last_name=families[1])
    with met(clinic):
        edited(clinic, second, "phone", "+19135550199")
    clinic.fault("kipu", "drop-after-commit", "hooks-twice")
    fields = {"email": "staff@kipu.example", "bed_name": "B-202"}
    with met(clinic):
        clinic.staff("kipu", "chart", last_name=families[1], fields=fields)
    clinic.fault("kipu", "hooks-twice")
    for id in (first, second):
        clinic.do("connection", "push", "--org", ORG, "kipu", f"Patient/{id}")
    pulled(clinic)
    until(lambda: not differences(clinic, families))
    assert at_kipu(charts(clinic, families[0])[0])["email"] == "rowan.new@mail.example"
    assert at_kipu(charts(clinic, families[1])[0])["phone"] == "+19135550199"
    for id in (first, second):
        assert (clinic.task("kipu", id) or {}).get("status") == "completed"
    # Discharged, and a webhook is answered by a server that has no time to act on it: one referral, and nothing locks.
    clinic.fault("kipu", "hooks-lost")
    casefile = clinic.staff("kipu", "discharge", last_name=families[0], discharging_to="Lakeside Program")[
        "casefile_id"
    ]
    assert httpx.post(clinic.hooks["kipu"]["chart-update"], json={"casefile_id": casefile}).status_code == 202
    clinic.kill()
    clinic.serve()
    (order,) = until(lambda: clinic.found(f"ServiceRequest?patient=Patient/{first}"))
    pulled(clinic)
    until(lambda: not differences(clinic, families))
    (same,) = clinic.found(f"ServiceRequest?patient=Patient/{first}")
    assert (same["id"], same["status"], same["meta"]["versionId"]) == (order["id"], "active", "1")
    (row,) = clinic.do("connection", "list", "--org", ORG)["connections"]
    assert (row["locked"], row["warnings"]) == (0, [])
    assert all(hook["last_seen"] for hook in row["webhooks"].values())


def test_a_record_is_locked_and_unlocked_from_outside(clinic: World) -> None:
    """Over a connection whose webhooks nobody entered at KIPU."""
    clinic.do(
        "connection", "add", "--org", ORG, "unheard", "--translator", "kipu", "--base-url", clinic.wires["kipu"].url,
        "--set=app_id=sandbox-app", "--set=push=false", "--secret=access_id=sandbox-access",
        "--secret=secret_key=sandbox-secret",
    )  # fmt: skip
    clinic.staff("kipu", "admit", last_name="Lockedout")
    clinic.do("connection", "pull", "--org", ORG, "unheard")
    clinic.staff("kipu", "discharge", last_name="Lockedout")
    clinic.do("connection", "pull", "--org", ORG, "unheard")
    rows = {row["connection"]: row for row in clinic.do("connection", "list", "--org", ORG)["connections"]}
    assert (rows["unheard"]["locked"] >= 1, len(rows["unheard"]["warnings"])) == (True, 2)
    assert "never been seen" in clinic.do("connection", "test", "--org", ORG, "unheard")["detail"]
    tasks = [t for t in clinic.found("Task?_count=200") if t["owner"]["reference"] == "Endpoint/unheard"]
    mine = [t for t in tasks if clinic.ask("GET", t["focus"]["reference"]).json()["name"][0]["family"] == "Lockedout"]
    assert [t["statusReason"]["text"] for t in mine] == [LOCKED]
    patient = mine[0]["focus"]["reference"]
    clinic.staff(
        "kipu",
        "chart",
        last_name="Lockedout",
        fields={"discharge_or_transition_name": "Cedar House", "discharge_or_transition_id": 9},
    )
    clinic.do("connection", "pull", "--org", ORG, "unheard")
    assert clinic.found(f"ServiceRequest?patient={patient}") == []
    assert clinic.do("connection", "unlock", "--org", ORG, "unheard", patient) == {"patient": patient, "unlocked": True}
    clinic.do("connection", "pull", "--org", ORG, "unheard")
    (order,) = clinic.found(f"ServiceRequest?patient={patient}")
    assert (order["status"], order["performer"][0]["display"]) == ("active", "Cedar House")
    refused = clinic.run("connection", "unlock", "--org", ORG, "unheard", "Patient/nobody")
    assert (refused.status, refused.answer) == (1, None)
