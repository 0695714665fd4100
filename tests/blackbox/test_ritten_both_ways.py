"""The CRM and Ritten's staff both at work while what is between them fails: in the end both sides say the same."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest

from tests.blackbox.crm import edited, intake
from tests.blackbox.sync_world import ORG, Json, World, until, world

pytestmark = pytest.mark.blackbox
FAMILIES = ("Bothways", "Backforth", "Walkedin")
TRANSFERRED = "https://crosswalk.example/fhir/StructureDefinition/transferred-"
FLAGS = {"C": "isEmergencyContact", "GUAR": "isGuarantor", "GUARD": "isGuardian"}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("bothways"), "ritten") as made:
        made.staff("ritten", "webhooks", **made.hooks["ritten"])
        made.do("mapping", "set", "--org", ORG, "ritten", "payer", "EVG01", "60054")
        yield made


def at_ritten(clinic: World, patient: Json) -> Json:
    state = httpx.get(f"{clinic.sandboxes['ritten']}/_sandbox").json()
    types = {type["id"]: type["name"] for type in state["discharge_types"]}
    related = state["relationships"].get(patient["id"], ())
    return {
        "name": [patient["name"].get(part) for part in ("first", "last")],
        "dob": patient.get("dob"),
        "mrn": patient["mrn"],
        "phones": patient["phones"],
        "emails": patient["emails"],
        "addresses": [[a.get(part) for part in ("line", "city", "region")] for a in patient["addresses"]],
        "stays": sorted(
            [s["program"]["programName"], s["levelOfCare"], s["admitDate"], s.get("dischargeDate"),
             types.get(s.get("dischargeTypeId", "")), "transferredTo" in s, "transferredFrom" in s]
            for s in patient["programs"]
        ),
        "policies": sorted(policy["memberIdentifier"] for policy in patient["insurance"]),
        "related": sorted([r["type"], *sorted(flag for flag in FLAGS.values() if r[flag])] for r in related),
    }  # fmt: skip


def here(clinic: World, patient: Json) -> Json:
    """The same facts, as a FHIR client reads them."""
    of = f"patient=Patient/{patient['id']}"
    name = next(name for name in patient["name"] if name["use"] == "official")
    return {
        "name": [name["given"][0], name["family"]],
        "dob": patient.get("birthDate"),
        "mrn": next((i["value"] for i in patient["identifier"] if i["system"].endswith("/ritten-mr")), None),
        "phones": [t["value"] for t in patient.get("telecom", ()) if t["system"] == "phone"],
        "emails": [t["value"] for t in patient.get("telecom", ()) if t["system"] == "email"],
        "addresses": [[*a.get("line", [None]), a.get("city"), a.get("state")] for a in patient.get("address", ())],
        "stays": sorted(map(_stay, clinic.found(f"Encounter?{of}"))),
        "policies": sorted(c["subscriberId"] for c in clinic.found(f"Coverage?beneficiary=Patient/{patient['id']}")),
        "related": sorted(map(_related, clinic.found(f"RelatedPerson?{of}"))),
    }


def _stay(stay: Json) -> list[str | bool | None]:
    moved = {extension["url"].removeprefix(TRANSFERRED) for extension in stay.get("extension", ())}
    period, left = stay["period"], stay.get("hospitalization", {}).get("dischargeDisposition", {}).get("text")
    told = [stay["serviceType"]["text"], stay["type"][0]["text"], period["start"], period.get("end"), left]
    return [*told, "to" in moved, "from" in moved]


def _related(person: Json) -> list[str]:
    word, *flags = person["relationship"]
    return [word["text"], *sorted(FLAGS[flag["coding"][0]["code"]] for flag in flags)]


def differences(clinic: World, families: Sequence[str] = FAMILIES) -> list[str]:
    """In words, where the two sides do not say the same."""
    found = []
    for family in families:
        theirs, ours = clinic.patients("ritten", f"'{family}'"), clinic.found(f"Patient?family={family}")
        if len(theirs) != 1 or len(ours) != 1:
            found.append(f"{family}: {len(theirs)} patients at Ritten, {len(ours)} here")
            continue
        there, said = at_ritten(clinic, theirs[0]), here(clinic, ours[0])
        found += [f"{family}.{n}: {there[n]} at Ritten, {said[n]} here" for n in there if there[n] != said[n]]
    return found


@contextmanager
def met(clinic: World) -> Iterator[None]:
    """What is done inside runs into the fault that is on: the gateway has called Ritten since."""
    calls = clinic.wires["ritten"].calls
    before = len(calls)
    yield
    until(lambda: len(calls) > before)


def agreed(clinic: World, seconds: float = 60) -> None:
    """Both sides say the same before long; else where they do not."""
    deadline = time.monotonic() + seconds
    while found := differences(clinic):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def pulled(clinic: World) -> Json:
    return clinic.do("connection", "pull", "--org", ORG, "ritten")


def test_whatever_fails_between_them_both_sides_end_equal(clinic: World) -> None:
    # Answers of writes are lost, and every webhook comes twice.
    clinic.fault("ritten", "drop-after-commit", "hooks-twice")
    first, second = (intake(clinic, family, {"identifier": {"value": "EVG01"}}) for family in FAMILIES[:2])
    until(lambda: all(clinic.patients("ritten", family) for family in FAMILIES[:2]))
    clinic.staff("ritten", "register", fields={"name": {"first": "Wanda", "last": FAMILIES[2]}, "dob": "1979-01-30"})
    # Ritten is away while both sides write on.
    clinic.fault("ritten", "bad-gateway", "hooks-lost")
    with met(clinic):
        edited(clinic, first, "email", "rowan.new@mail.example")
    clinic.staff("ritten", "admit", last_name=FAMILIES[0], program="Residential")
    # It is back, has no room for calls at first, and is slow then.
    clinic.fault("ritten", "throttled", "hooks-twice")
    with met(clinic):
        clinic.staff("ritten", "admit", last_name=FAMILIES[1], program="Evening IOP")
        edited(clinic, second, "phone", "+19135550199")
    clinic.fault("ritten", "slow", "hooks-twice")
    with met(clinic):
        clinic.staff("ritten", "discharge", last_name=FAMILIES[0], type="Left against advice")
    clinic.fault("ritten", "hooks-twice")
    for id in (first, second):
        clinic.do("connection", "push", "--org", ORG, "ritten", f"Patient/{id}")
        clinic.told("ritten", id, "completed")
    clinic.staff("ritten", "transfer", last_name=FAMILIES[1], program="Residential")
    contact = {"first": "Ines", "last": "Sampleson", "contactPoints": [{"system": "PHONE", "value": "+19135550177"}]}
    clinic.staff(
        "ritten", "relate", last_name=FAMILIES[1], type="Mother", person=contact, isGuarantor=True, isGuardian=True
    )
    clinic.staff("ritten", "edit", last_name=FAMILIES[2], fields={"phones": ["+19135550155"]})
    pulled(clinic)
    agreed(clinic)
    assert clinic.patients("ritten", FAMILIES[0])[0]["emails"] == ["rowan.new@mail.example"]
    assert clinic.patients("ritten", FAMILIES[1])[0]["phones"] == ["+19135550199"]
    # Admitted again, and a webhook is answered by a server that has no time to act on it.
    clinic.fault("ritten", "hooks-lost")
    key = clinic.staff("ritten", "admit", last_name=FAMILIES[0], program="Evening IOP")["id"]
    told = {"type": "patient.admit", "data": {"patientId": key, "programId": "any"}}
    assert httpx.post(clinic.hooks["ritten"]["patient-admit"], json=told).status_code == 202
    clinic.kill()
    clinic.serve()
    agreed(clinic)
    assert len(clinic.found(f"Encounter?patient=Patient/{first}")) == 2
    # Nothing is left to be done, and nothing is there twice.
    counted = pulled(clinic)
    assert (counted["created"], counted["updated"], counted["failed"], counted.get("error")) == (0, 0, 0, None)
    assert (counted["unchanged"] > 3, differences(clinic)) == (True, [])
    (row,) = clinic.do("connection", "list", "--org", ORG)["connections"]
    assert {hook for hook, told in row["webhooks"].items() if told["last_seen"]} == {
        f"patient-{event}" for event in ("created", "admit", "transfer", "discharge")
    }
    assert (row["locked"], row["warnings"]) == (0, [])
