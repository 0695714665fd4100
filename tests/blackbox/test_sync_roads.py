"""The roads between a CRM and four EMRs, from outside: HTTP on one side, the EMRs' own words on the other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.blackbox.conftest import free_port
from tests.blackbox.crm import created
from tests.blackbox.sync_world import ORG, Json, World, outputs, until, world

pytestmark = pytest.mark.blackbox
NAMES = ("ecw", "internal", "kipu", "ritten")
ASSIGNER = "urn:oid:2.16.840.1.113883.4.391.326070"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("roads"), *NAMES) as made:
        yield made


@pytest.fixture(autouse=True)
def fine(clinic: World) -> Iterator[None]:
    yield
    for name in NAMES:
        clinic.fault(name)


def crm_bundle(family: str, email: str) -> Json:
    """As a CRM sends an intake that it makes for eClinicalWorks."""
    coded = {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M", "display": "Married"}
    hispanic = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2135-2", "display": "Hispanic or Latino"}
    unsaid = {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "ASKU", "display": "Declined"}
    english = {"system": "urn:ietf:bcp:47", "code": "ENG", "display": "English"}
    home = {"use": "home", "line": ["12 SAMPLE STREET", "Unit 4"]}
    location = {"reference": "Location/Lt2IFR5Ah76n4d8TFP5gBCYrEVzcfmSY9rj1Q7MpBZg"}
    patient = {
        "resourceType": "Patient",
        "meta": {"profile": [f"{US_CORE}/us-core-patient"]},
        "active": True,
        "name": [{"text": f"Quill {family}", "family": family, "given": ["Quill"]}],
        "maritalStatus": {"coding": [coded], "text": "Married"},
        "telecom": [
            {"system": "phone", "value": "9135550177", "use": "home"},
            {"system": "email", "value": email, "use": "home"},
        ],
        "address": [{**home, "city": "LAWRENCE", "state": "KS", "postalCode": "66044"}],
        "deceasedBoolean": False,
        "identifier": [{"use": "usual", "system": ASSIGNER, "value": f"crm-{uuid.uuid4().hex[:12]}"}],
        "communication": [{"language": {"coding": [english], "text": "English"}, "preferred": True}],
        "gender": "male",
        "birthDate": "2001-05-27",
        "extension": [
            {"url": f"{US_CORE}/us-core-ethnicity", "extension": [
                {"url": "ombCategory", "valueCoding": hispanic}, {"url": "text", "valueString": "Hispanic or Latino"}
            ]},
            {"url": f"{US_CORE}/us-core-race", "extension": [
                {"url": "ombCategory", "valueCoding": unsaid}, {"url": "text", "valueString": "Declined"}
            ]},
            {"url": f"{US_CORE}/us-core-birthsex", "valueCode": "M"},
            {"url": "http://eclinicalworks.com/supportingInfo/defaultFacility", "valueReference": location},
        ],
    }  # fmt: skip
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": patient, "request": {"method": "POST", "url": "Patient"}}],
    }


def sent(clinic: World, family: str, email: str = "quill@mail.example") -> str:
    """The new patient's id."""
    answer = clinic.ask("POST", body=crm_bundle(family, email))
    assert answer.status_code == 200, answer.text
    location: str = answer.json()["entry"][0]["response"]["location"]
    return location.split("Patient/")[1].partition("/")[0]


@pytest.mark.parametrize(("family", "email"), [("Mainroad", "quill@mail.example"), ("Oddmail", "[email protected]")])
def test_an_intake_reaches_every_emr(clinic: World, family: str, email: str) -> None:
    id = sent(clinic, family, email)
    for name in NAMES:
        task = clinic.told(name, id, "completed", "failed")
        assert task["status"] == "completed", (name, task.get("statusReason"))
        assert len(clinic.patients(name, family)) == 1, name
    patient = clinic.ask("GET", f"Patient/{id}").json()
    owned = {each["system"].rpartition("/")[2] for each in patient["identifier"] if "/NamingSystem/" in each["system"]}
    assert {"ecw-id", "internal-id", "ritten-id", "ritten-mr"} <= owned
    assert [each["value"] for each in patient["telecom"]] == ["9135550177", email]
    if email.startswith("["):
        for name in ("ritten", "internal"):
            left_out = outputs(clinic.told(name, id, "completed"), "left-out")
            assert any("Patient.telecom[1]" in line for line in left_out), (name, left_out)
            assert email not in str(left_out)


def test_what_kipu_admits_comes_back(clinic: World) -> None:
    id = sent(clinic, "Admitted")
    clinic.told("kipu", id, "completed")
    admitted = clinic.staff("kipu", "admit", last_name="Admitted")
    counts = clinic.do("connection", "pull", "--org", ORG, "kipu")
    assert set(counts) == {"created", "updated", "unchanged", "failed", "skipped"}
    # KIPU's own hook may have brought the news before the command did, which then finds none: the patient tells.
    assert counts["failed"] == 0
    assert [found["id"] for found in clinic.found("Patient?family=Admitted")] == [id]
    patient = clinic.ask("GET", f"Patient/{id}").json()
    (number,) = [each["value"] for each in patient["identifier"] if each["system"].endswith("kipu-mr")]
    assert number == admitted["mr_number"]
    (stay,) = clinic.found(f"Encounter?patient=Patient/{id}")
    assert (stay["status"], stay["class"]["code"]) == ("in-progress", "IMP")
    assert stay["type"][0]["text"]
    assert stay["serviceType"]["text"]
    kinds = []
    for place in stay["location"]:
        location = clinic.ask("GET", place["location"]["reference"]).json()
        kinds.append(location["physicalType"]["coding"][0]["code"])
    assert {"bu", "ro", "bd"} <= set(kinds)
    (coverage,) = clinic.found(f"Coverage?beneficiary=Patient/{id}")
    assert coverage["subscriberId"] == "A123456789"
    groups = [each["value"] for each in coverage["class"] if each["type"]["coding"][0]["code"] == "group"]
    assert groups == ["GR987654321"]
    again = clinic.do("connection", "pull", "--org", ORG, "kipu")
    assert (again["created"], again["updated"], again["failed"]) == (0, 0, 0)
    assert len(clinic.patients("ritten", "Admitted")) == 1


def test_the_live_road_finds_what_was_delivered(clinic: World) -> None:
    id = sent(clinic, "Liveroad")
    clinic.told("ecw", id, "completed")
    bundle = clinic.ask("GET", "via/ecw/Patient?family=Liveroad").raise_for_status().json()
    found = [entry["resource"] for entry in bundle["entry"] if entry.get("search", {}).get("mode") != "outcome"]
    assert [each["name"][0]["family"] for each in found] == ["Liveroad"]
    read = clinic.ask("GET", f"via/ecw/Patient/{found[0]['id']}").raise_for_status().json()
    assert read["birthDate"] == "2001-05-27"


@pytest.mark.parametrize("fault", ["down", "nonsense", "drop-after-commit"])
def test_what_an_emr_cannot_take_for_now_is_kept_and_delivered_once(clinic: World, fault: str) -> None:
    family = f"Kept{fault.partition('-')[0]}"
    for name in NAMES:
        clinic.fault(name, fault)
    id = created(clinic, family)
    until(lambda: all((clinic.task(name, id) or {}).get("status") != "in-progress" for name in NAMES))
    if fault != "drop-after-commit":
        reasons = [clinic.retrying(name, id)["statusReason"]["text"] for name in NAMES]
        assert family not in str(reasons)
    for name in NAMES:
        clinic.fault(name)
    if fault == "down":
        pushed = clinic.do("connection", "push", "--org", ORG, "kipu", f"Patient/{id}")
        assert pushed["status"] == "completed"
        assert pushed["external_id"] in outputs(clinic.told("kipu", id, "completed"), "external-id")
    for name in NAMES:
        clinic.told(name, id, "completed")
        assert len(clinic.patients(name, family)) == 1, name


def test_by_itself_a_push_is_tried_again(clinic: World) -> None:
    clinic.fault("ritten", "bad-gateway")
    id = created(clinic, "Byitself")
    clinic.retrying("ritten", id)
    clinic.fault("ritten")
    task = clinic.told("ritten", id, "completed")
    assert "statusReason" not in task
    entries = clinic.do("connection", "log", "--org", ORG, "ritten", "--limit", "500")["entries"]
    mine = [(entry["status"], entry["attempt"]) for entry in entries if entry["resource"] == f"Patient/{id}"]
    assert mine == [("ok", 2), ("halfway", 1), ("retry", 1)]
    assert set(entries[0]) == {"time", "direction", "resource", "operation", "status", "detail", "attempt"}


def test_commands_say_what_went_wrong_in_one_line(clinic: World) -> None:
    clinic.fault("ritten", "down")
    pull = clinic.run("connection", "pull", "--org", ORG, "ritten")
    assert (pull.status, set(pull.answer or {})) == (1, {"created", "updated", "unchanged", "failed", "skipped"})
    assert pull.said.splitlines()[-1].startswith("ritten: ")
    test = clinic.run("connection", "test", "--org", ORG, "ritten")
    assert (test.status, (test.answer or {}).get("ok")) == (1, False)
    id = created(clinic, "Onelinereason")
    clinic.retrying("ritten", id)
    push = clinic.run("connection", "push", "--org", ORG, "ritten", f"Patient/{id}")
    assert (push.status, push.answer) == (1, {"status": "requested"})
    assert push.said.splitlines()[-1].startswith("ritten: ")
    for done in (pull, test, push):
        assert "Traceback" not in done.said
        assert "Onelinereason" not in done.said


def test_connections_are_listed_and_tested(clinic: World) -> None:
    rows = clinic.do("connection", "list", "--org", ORG)["connections"]
    assert [row["connection"] for row in rows] == list(NAMES)
    for row in rows:
        assert {"status", "last_pull", "lag", "locked"} <= set(row)
    assert "sandbox-secret" not in str(rows)
    for name in NAMES:
        answer = clinic.do("connection", "test", "--org", ORG, name)
        assert (answer["ok"], set(answer)) == (True, {"ok", "detail", "latency_ms"})


@pytest.mark.parametrize("what", ["secret", "address", "nonsense"])
def test_a_connection_that_is_set_up_wrong_is_told_what_to_mend(clinic: World, what: str) -> None:
    url = f"http://127.0.0.1:{free_port()}" if what == "address" else clinic.sandboxes["kipu"]
    secret = "wrong-key-entirely" if what == "secret" else "sandbox-secret"
    clinic.do(
        "connection", "add", "--org", ORG, f"bad-{what}", "--translator", "kipu", "--base-url", url,
        "--set=app_id=sandbox-app", "--set=push=false", "--set=pull=false", "--secret=access_id=sandbox-access",
        f"--secret=secret_key={secret}",
    )  # fmt: skip
    if what == "nonsense":
        clinic.fault("kipu", "nonsense")
    done = clinic.run("connection", "test", "--org", ORG, f"bad-{what}")
    assert done.status == 1
    assert done.answer is not None
    assert (done.answer["ok"], bool(done.answer["detail"])) == (False, True)
    assert done.said.splitlines()[-1] == f"bad-{what}: {done.answer['detail']}"
    assert "wrong-key-entirely" not in f"{done.answer} {done.said}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pull", "nowhere"), "There is no connection nowhere"),
        (
            ("pull", "ritten", "--resource", "Condition"),
            "Ritten has no Condition to pull; it has Coverage, Encounter, HealthcareService, Location, Organization, "
            "Patient, Practitioner, RelatedPerson",
        ),
        (("push", "ritten", "Patient/none"), "There is no Patient/none"),
        (("push", "ritten", "Encounter/x"), "Write the patient as Patient/ID"),
        (("set", "ritten", "--set", "poll_minutes=often"), "--set poll_minutes: a number from 1 to 44640"),
        (
            ("set", "ritten", "--secret", "pasword=x"),
            "--secret pasword: no such key; there are client_id, client_secret",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(clinic: World, arguments: tuple[str, ...], said: str) -> None:
    command, *rest = arguments
    done = clinic.run("connection", command, "--org", ORG, *rest)
    assert (done.status, done.answer, done.said) == (1, None, said)


def test_a_hook_brings_the_news(clinic: World) -> None:
    hooks = clinic.do(
        "connection", "add", "--org", ORG, "hooked", "--translator", "kipu", "--base-url", clinic.sandboxes["kipu"],
        "--set=app_id=sandbox-app", "--set=push=false", "--secret=access_id=sandbox-access",
        "--secret=secret_key=sandbox-secret",
    )["webhooks"]  # fmt: skip
    assert set(hooks) == {"patient-creation", "chart-update"}
    clinic.staff("kipu", "admit", first_name="Hedda", last_name="Hookedin")
    answer = httpx.post(hooks["chart-update"], json={"casefile_id": "x"}, timeout=5)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.elapsed.total_seconds() < 1
    until(lambda: clinic.found("Patient?family=Hookedin"))
    assert httpx.post(hooks["chart-update"][:-1] + "!", json={}).status_code == 404
