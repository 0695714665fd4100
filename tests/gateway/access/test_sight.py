"""What scopes, launches and users make of a limit."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.conditions import compartment
from gateway.access.restriction import restrict
from gateway.access.sight import Sight
from gateway.auth.scopes import Scopes
from gateway.auth.verification import Caller
from gateway.definitions.contract import Resource
from gateway.search.query import NEVER, Both, Chain, Criterion, Include, Query, TokenValue
from tests.gateway.definitions.strategies import DEFINITIONS

BASE = "https://gateway.example/fhir/r4/north"
STAFF: dict[str, Any] = {"user_email": "ops@example.org", "user_role": "operator", "fhir_user": "Practitioner/1"}
VIEWER: dict[str, Any] = {**STAFF, "user_role": "viewer", "fhir_user": None}
OWN: dict[str, Any] = {"user_email": "a@example.org", "user_role": "operator", "fhir_user": "Patient/a"}
TREATING = {"purposes": frozenset({"TREAT"})}
VITALS = Criterion("category", "token", "", (TokenValue(None, "vital-signs"),))
OF_A = compartment(DEFINITIONS, "Observation", "a")


def sight(scope: str, **caller: Any) -> Sight:
    return Sight(DEFINITIONS, Caller(1, "north", "app", Scopes.parse(scope), **caller), BASE, 0)


@pytest.mark.parametrize(
    ("scope", "caller", "action", "limit"),
    [
        ("system/Observation.rs", {}, "r", None),
        ("system/Observation.rs", {}, "u", NEVER),
        ("system/*.read", {}, "s", None),
        ("system/Patient.cruds", {}, "r", NEVER),
        ("system/Observation.cruds", STAFF, "r", NEVER),
        ("system/Observation.rs?category=vital-signs", {}, "r", VITALS),
        ("system/*.rs?category=vital-signs", {}, "r", VITALS),
        ("system/Observation.rs?category=vital-signs system/Observation.s", {}, "s", None),
        ("system/Observation.rs?colour=red", {}, "r", NEVER),
        ("system/Observation.rs?category:nonsense=x", {}, "r", NEVER),
        ("system/Observation.rs?subject:Patient.name=x", {}, "r", NEVER),
        ("system/Observation.rs?_count=1", {}, "r", NEVER),
        ("system/Observation.rs?&", {}, "r", NEVER),
        ("user/Observation.rs", {}, "r", NEVER),
        ("user/Observation.rs", STAFF, "r", None),
        ("user/Observation.cruds", STAFF, "u", None),
        ("user/Observation.cruds", VIEWER, "u", NEVER),
        ("user/Observation.cruds", VIEWER, "s", None),
        ("user/Observation.cruds", {**VIEWER, "user_role": None}, "c", NEVER),
        *(
            (f"{context}/Observation.cruds", {**VIEWER, "fhir_user": who, "patient": "a"}, action, NEVER)
            for context in ("user", "patient")
            for who in ("Practitioner/1", "Patient/a", None)
            for action in "cud"
        ),
        ("user/Observation.cruds", {**VIEWER, "fhir_user": "Practitioner/1"}, "r", None),
        ("user/Observation.cruds", {**VIEWER, "fhir_user": "Patient/a"}, "s", OF_A),
        ("user/Observation.rs", OWN, "r", OF_A),
        ("user/Observation.cruds", OWN, "c", OF_A),
        ("patient/Observation.rs", STAFF, "r", NEVER),
        ("patient/Observation.rs", {"patient": "a"}, "r", NEVER),
        ("patient/Observation.rs", {**STAFF, "patient": "a"}, "r", OF_A),
        ("patient/Observation.cruds", {**VIEWER, "patient": "a"}, "d", NEVER),
        ("patient/Observation.rs", {**OWN, "patient": "b"}, "r", NEVER),
        ("patient/Observation.rs?category=vital-signs", {**OWN, "patient": "a"}, "r", Both((OF_A, VITALS))),
        ("", {}, "r", NEVER),
        ("launch/patient openid", {**OWN, "patient": "a"}, "r", NEVER),
    ],
)
def test_what_a_scope_reaches(scope: str, caller: dict[str, Any], action: str, limit: object) -> None:
    assert sight(scope, **caller).scoped("Observation", action) == limit


@pytest.mark.parametrize("type", sorted(DEFINITIONS.served - DEFINITIONS.patient_compartment.keys()))
def test_a_type_without_a_rule_in_the_compartment_is_closed(type: str) -> None:
    launched = sight("patient/*.cruds", **STAFF, patient="a")
    assert [action for action in "cruds" if launched.allows(type, action)] == []
    assert [action for action in "cruds" if sight("user/*.cruds", **OWN).allows(type, action)] == []


@pytest.mark.parametrize("type", sorted(DEFINITIONS.served & DEFINITIONS.patient_compartment.keys()))
def test_the_rule_is_the_compartments_parameters_and_no_more(type: str) -> None:
    limit = sight("patient/*.rs", **STAFF, patient="a").scoped(type, "r")
    choices = getattr(limit, "choices", (limit,))
    own = {"_id"} if type == "Patient" else set()
    assert {each.param for each in choices if isinstance(each, Criterion)} == {
        *DEFINITIONS.patient_compartment[type],
        *own,
    }


def test_labels_limit_all_but_patients_who_look_at_their_own_record() -> None:
    assert sight("system/*.rs").labels is not None
    assert sight("user/*.rs", **STAFF).labels is not None
    assert sight("patient/*.rs", **STAFF, patient="a").labels is not None
    assert sight("patient/*.rs", **OWN, patient="a").labels is None


def observation(*about: str) -> Resource:
    subject, *performers = [{"reference": f"Patient/{each}"} for each in about]
    return {"resourceType": "Observation", "id": "o", "subject": subject, "performer": performers}


def test_what_is_written_for_one_patient_is_put_into_no_other_record() -> None:
    launched = sight("patient/*.cruds", **STAFF, patient="a")
    assert launched.admits(observation("a"), "c")
    assert launched.admits(observation("a", "a"), "c")
    assert not launched.admits(observation("b"), "c")
    assert not launched.admits(observation("a", "b"), "c")
    assert not launched.admits({**observation("a"), "subject": {"reference": f"{BASE}/Patient/b"}}, "c")
    assert sight("user/*.cruds", **STAFF).admits(observation("a", "b"), "c")
    assert not sight("user/*.cruds", **OWN).admits(observation("a", "b"), "c")


def test_the_far_end_of_every_chain_is_limited() -> None:
    by_name = Criterion("name", "string", "", (TokenValue(None, "x"),))
    inner = Chain("Encounter", "subject", "Patient", False, by_name)
    query = Query("Observation", (Chain("Observation", "encounter", "Encounter", False, inner),))
    launched = sight("patient/*.rs", **OWN, patient="a")
    (outer, own) = restrict(query, launched).criteria
    assert own == OF_A
    assert isinstance(outer, Chain)
    assert isinstance(outer.then, Both)
    (chain, encounter) = outer.then.conditions
    assert encounter == compartment(DEFINITIONS, "Encounter", "a")
    assert isinstance(chain, Chain)
    assert chain.then == Both((by_name, compartment(DEFINITIONS, "Patient", "a")))


def test_includes_are_limited_by_type() -> None:
    query = Query("Observation", includes=(Include("Observation", "subject", None),))
    restricted = restrict(query, sight("patient/Observation.rs patient/Patient.r", **STAFF, patient="a"))
    assert restricted.readable == frozenset({"Observation", "Patient"})
    assert dict(restricted.limits) == {"Patient": compartment(DEFINITIONS, "Patient", "a")}
    assert restricted.labels is not None


def test_the_gateway_itself_is_not_limited() -> None:
    everything = Sight(DEFINITIONS, Caller(1, "north", "x", Scopes.parse("")), BASE, 0, unlimited=True)
    query = Query("Observation", (VITALS,))
    assert restrict(query, everything) is query
    assert everything.limit("Observation", "d") is None


def test_whose_sight_it_is_follows_from_patient_user_and_purposes() -> None:
    callers: list[dict[str, Any]] = [
        {}, STAFF, OWN, {**STAFF, "patient": "a"}, {**STAFF, "patient": "b"}, TREATING, {**STAFF, "user_role": "viewer"}
    ]  # fmt: skip
    names = {sight("patient/*.rs", **caller).identity for caller in callers}
    assert len(names) == len(callers)
    assert sight("system/*.rs").identity != sight("system/*.r").identity
