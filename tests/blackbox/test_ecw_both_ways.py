"""The CRM and eClinicalWorks' staff both at work while what is between them fails: both end equal, nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.blackbox.crm import edited, intake
from tests.blackbox.sync_world import ORG, Json, World, until, world

pytestmark = pytest.mark.blackbox
PAYOR = {"display": "Acme Health"}
PHONE = [{"system": "phone", "value": "9135550142", "use": "home"}]
FAMILIES = ("Bothways", "Backforth")
PROGRAM = "Day program"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("ecw-bothways"), "ecw") as made:
        made.do("mapping", "set", "--org", ORG, "ecw", "program", PROGRAM, "IOP")
        yield made


@pytest.fixture(autouse=True)
def fine(clinic: World) -> Iterator[None]:
    yield
    clinic.fault("ecw")


def pushed(clinic: World, id: str) -> None:
    """Now, and again until the EMR shows what it was sent."""
    until(lambda: clinic.run("connection", "push", "--org", ORG, "ecw", f"Patient/{id}").status == 0)


def pulled(clinic: World, *types: str) -> Json:
    return clinic.do("connection", "pull", "--org", ORG, "ecw", *(f"--resource={type}" for type in types))


def records(clinic: World, type: str) -> list[Json]:
    return list(httpx.get(f"{clinic.sandboxes['ecw']}/_sandbox").json()["documents"][type].values())


def told(patient: Json, policies: list[Json], visits: list[Json]) -> Json:
    """What both sides have to say alike."""
    name = next(name for name in patient["name"] if name.get("use") in ("official", "usual"))
    address = patient["address"][0]
    return {
        "name": (name["family"], name["given"]),
        "born": patient["birthDate"],
        "gender": patient["gender"],
        "phone": ["".join(filter(str.isdigit, t["value"])) for t in patient["telecom"] if t["system"] == "phone"],
        "address": (address["line"], address["city"], address["state"], address["postalCode"]),
        "policies": sorted((each["subscriberId"], each["status"]) for each in policies),
        "visits": sorted((each["status"], each["period"]["start"]) for each in visits),
    }


def differences(clinic: World) -> list[str]:
    found = []
    for family in FAMILIES:
        theirs, ours = clinic.patients("ecw", family), clinic.found(f"Patient?family={family}")
        if len(theirs) != 1 or len(ours) != 1:
            found.append(f"{family}: {len(theirs)} at eClinicalWorks, {len(ours)} here")
            continue
        of = {"reference": f"Patient/{theirs[0]['id']}"}
        there = told(
            theirs[0],
            [each for each in records(clinic, "Coverage") if each["beneficiary"] == of],
            [each for each in records(clinic, "Encounter") if each["subject"] == of],
        )
        mine = f"patient=Patient/{ours[0]['id']}"
        here = told(ours[0], clinic.found(f"Coverage?{mine}"), clinic.found(f"Encounter?{mine}"))
        found += [f"{family} {fact}: {there[fact]}, here {here[fact]}" for fact in there if there[fact] != here[fact]]
    return found


def test_whatever_fails_between_them_both_sides_end_equal(clinic: World) -> None:
    # The answer of the first create is lost; the second patient shows only after a while.
    clinic.fault("ecw", "drop-after-commit")
    first = intake(clinic, FAMILIES[0], PAYOR, telecom=PHONE)
    until(lambda: clinic.patients("ecw", FAMILIES[0]))
    clinic.fault("ecw", "slow-replication")
    second = intake(clinic, FAMILIES[1], PAYOR, telecom=PHONE)
    until(lambda: clinic.patients("ecw", FAMILIES[1]))
    clinic.fault("ecw")
    # eClinicalWorks' staff admit both, and note the policy that the CRM has told of here already.
    for family in FAMILIES:
        (theirs,) = clinic.patients("ecw", family)
        clinic.staff("ecw", "coverage", patient=theirs["id"], subscriberId=f"M-{family}")
        clinic.staff("ecw", "encounter", patient=theirs["id"])
    for id in (first, second):
        pushed(clinic, id)
    pulled(clinic)
    assert differences(clinic) == []
    (visit,) = clinic.found(f"Encounter?patient=Patient/{first}")
    assert visit["serviceType"]["text"] == PROGRAM
    assert clinic.ask("GET", visit["participant"][0]["individual"]["reference"]).status_code == 200
    assert clinic.ask("GET", visit["location"][0]["location"]["reference"]).json()["name"] == "Main Street"
    # What eClinicalWorks owns is nobody else's to change.
    (policy,) = clinic.found(f"Coverage?patient=Patient/{first}")
    refused = clinic.ask("PUT", f"Coverage/{policy['id']}", {**policy, "subscriberId": "M-else"})
    assert (refused.status_code, "read-only" in refused.text) == (422, True)
    assert clinic.ask("DELETE", f"Encounter/{visit['id']}").status_code == 422
    # Both sides write while eClinicalWorks fails at what it is sent, and the server is killed.
    clinic.fault("ecw", "unknown-mapping-error")
    writes = len(clinic.wires["ecw"].calls)
    edited(clinic, first, "phone", "9135550199")
    until(
        lambda: any(
            method == "POST" and path.endswith("FFBJCD/") for method, path in clinic.wires["ecw"].calls[writes:]
        )
    )
    (theirs,) = clinic.patients("ecw", FAMILIES[0])
    home = {**theirs["address"][0], "city": "Topeka"}
    clinic.staff("ecw", "patient", id=theirs["id"], address=[home])
    clinic.kill()
    (other,) = clinic.patients("ecw", FAMILIES[1])
    clinic.staff("ecw", "patient", id=other["id"], gender="other")
    (held,) = (each for each in records(clinic, "Coverage") if other["id"] in str(each["beneficiary"]))
    clinic.staff("ecw", "change", type="Coverage", id=held["id"], status="cancelled")
    clinic.fault("ecw")
    clinic.serve()
    pushed(clinic, first)
    pulled(clinic)
    until(lambda: not differences(clinic))
    (after,) = clinic.patients("ecw", FAMILIES[0])
    assert (after["telecom"][0]["value"], after["address"][0]["city"]) == ("913-555-0199", "Topeka")
    for id in (first, second):
        assert (clinic.task("ecw", id) or {}).get("status") == "completed"
    again = pulled(clinic)
    assert (again["created"], again["updated"], again["failed"]) == (0, 0, 0), "what did not change is not written"


def test_whom_nobody_knows_comes_by_the_groups_export(clinic: World) -> None:
    (walked_in,) = clinic.staff("ecw", "populate", patients=1)["patients"]
    (row,) = clinic.do("connection", "list", "--org", ORG)["connections"]
    assert any("Group export" in hint for hint in row["hints"])
    pulled(clinic)
    key = f"Patient?identifier={walked_in}"
    assert clinic.found(key) == [], "the encounter is too old to be searched for"
    clinic.staff("ecw", "group", id="G1", patients=[walked_in])
    clinic.staff("ecw", "export-pace", seconds=2, retry_after=1)
    clinic.do("connection", "set", "--org", ORG, "ecw", "--set", "group=G1")
    assert pulled(clinic)["created"] == 1
    (patient,) = clinic.found(key)
    assert len(clinic.found(f"Encounter?patient=Patient/{patient['id']}")) == 1
    assert httpx.get(f"{clinic.sandboxes['ecw']}/_sandbox").json()["exports"]["jobs"] == {}
    # What disappears there is closed here, and what refers to it stays readable.
    clinic.staff("ecw", "remove", type="Practitioner", id=records(clinic, "Practitioner")[0]["id"])
    clinic.staff("ecw", "change", type="Practitioner", id="FFBJCD.new", active=True)
    (visit,) = (each for each in records(clinic, "Encounter") if walked_in in str(each["subject"]))
    clinic.staff("ecw", "remove", type="Encounter", id=visit["id"])
    pulled(clinic, "Practitioner", "Encounter")
    (visit,) = clinic.found(f"Encounter?patient=Patient/{patient['id']}")
    assert visit["status"] == "entered-in-error"
    assert sorted(each["active"] for each in clinic.found("Practitioner")) == [False, True]
