"""Charts of a small vendor, and their way into the store of a clinic's connection `internal`."""

from __future__ import annotations

from typing import Any

from gateway.canonical import MARITAL_STATUS
from gateway.sync.pull import After, Counts
from gateway.translation.codec import DATE, TEXT, Coded, codes, concept
from gateway.translation.contract import Part, Pulled, PullPage
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Bindings, Field, Way
from tests.gateway.conftest import PUBLIC
from tests.gateway.sync.clinic import Clinic

SYSTEM = f"{PUBLIC}/fhir/r4/north/NamingSystem/internal-id"
BINDINGS = Bindings({"id": SYSTEM, "mr": SYSTEM.replace("-id", "-mr")})
MARITAL = concept(
    (Coded("Married", MARITAL_STATUS, "M", "Married"), Coded("Unmarried", MARITAL_STATUS, "U", "unmarried")),
    back={"D": "Unmarried"},
    free_text=False,
)
PATIENT = ResourceMap(
    "Patient",
    frozenset(),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Field("first", "name[use=official|usual|].given[0]"),
        Field("last", "name[use=official|usual|].family"),
        Field("dob", "birthDate", DATE),
        Field("sex", "gender", codes({"M": "male", "F": "female"})),
        Field("marital", "maritalStatus", MARITAL),
        Field("phone", "telecom[system=phone].value"),
        # A vendor whose word becomes no code of FHIR's: what comes of it is refused by validation.
        Field("tongue", "communication[0].language.coding[0].userSelected", TEXT),
    ),
).bound(BINDINGS)
STAY = ResourceMap(
    "Encounter",
    frozenset(),
    (Field("status", "status"), Field("level", "type[0].text")),
    constants={"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}},
).bound(BINDINGS)
POLICY = ResourceMap("Coverage", frozenset(), (Field("member", "subscriberId"),), constants={"status": "active"}).bound(
    BINDINGS
)
PLACE = ResourceMap("Location", frozenset(), (Field("name", "name"),)).bound(BINDINGS)


def record(**more: Any) -> dict[str, Any]:
    return {"id": "7", "first": "Rowan", "last": "Sampledottir", "dob": "1990-04-17", "sex": "F", **more}


def chart(of: dict[str, Any], *parts: Part, **more: Any) -> Pulled:
    return Pulled(of["id"], (Part(PATIENT, of["id"], of), *parts), **more)


def stay(key: str = "s1", whose: str = "7", bed: str | None = None, **more: Any) -> Part:
    references = {"subject": f"emr:Patient/{whose}"}
    if bed:
        references["location[0].location"] = f"emr:Location/{bed}"
    return Part(STAY, key, {"status": "in-progress", **more}, references)


def policy(key: str, member: str, whose: str = "7") -> Part:
    references = {"beneficiary": f"emr:Patient/{whose}", "payor[0]": f"emr:Patient/{whose}"}
    return Part(POLICY, key, {"member": member}, references, match=("subscriberId",))


def places(**names: str) -> Pulled:
    return Pulled(None, tuple(Part(PLACE, key, {"name": name}) for key, name in names.items()))


async def take(
    clinic: Clinic, *charts: Pulled, cursor: str | None = "next", after: After | None = None, total: int | None = None
) -> Counts:
    """Apply one page, as a pull would."""
    pull, page = clinic.services.sync.workflows.pulls.pull, PullPage(charts, cursor, more=False, total=total)
    return await clinic.write(lambda tx: pull.apply(tx, clinic.realm, "internal", page, after))


def counts(**some: int) -> Counts:
    return {"created": 0, "updated": 0, "unchanged": 0, "skipped": 0, "failed": 0, **some}
