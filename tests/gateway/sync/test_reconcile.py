"""Two sides of one patient: what each changed, through a field table; a model of both in any order of events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.sync.merge import merged
from gateway.sync.reconcile import CRM_WINS, EMR_WINS, reconciled, settled
from gateway.translation import path
from gateway.translation.codec import codes
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Bindings, Each, Field, Way

LENS = ResourceMap(
    "Patient",
    frozenset(),
    (
        Field("dob", "birthDate"),
        Field("sex", "gender", codes({"M": "male", "F": "female"})),
        Field("city", "address[use=home].city"),
        Field("zip", "address[use=home].postalCode"),
        Field("tongue", "language", way=Way.READ),
        Field("number", "identifier[system=ssn].value", way=Way.WRITE),
        Each(
            "people",
            "contact",
            (Field("who", "name.text"), Field("phone", "telecom[system=phone].value")),
            key=("who",),
        ),
    ),
).bound(Bindings())
BASE = {"dob": "1990-01-01", "sex": "F", "city": "Topeka", "tongue": "en", "people": [{"who": "Ann", "phone": "1"}]}
LOCAL = LENS.to_fhir(BASE).value


def both(ours: dict[str, Any], theirs: dict[str, Any], winner: str = EMR_WINS) -> tuple[Any, list[str]]:
    """What comes of it, in the EMR's words, and where they disagree."""
    found = reconciled(LENS, {**LOCAL, **ours}, BASE, {**BASE, **theirs}, winner)
    return LENS.mirrored(found.resource, {}), [each.expression for each in found.disagreements]


def home(city: str, code: str | None = None) -> Any:
    return [{"use": "home", "city": city, **({"postalCode": code} if code else {})}]


def person(name: str, phone: str) -> Any:
    return {"name": {"text": name}, "telecom": [{"system": "phone", "value": phone}]}


@pytest.mark.parametrize("winner", [EMR_WINS, CRM_WINS])
def test_what_either_side_changed_alone_survives(winner: str) -> None:
    ours = {"birthDate": "1991-01-01", "address": home("Topeka", "66601")}
    result, disagreements = both(ours, {"city": "Salina", "people": [{"who": "Ann", "phone": "2"}]}, winner)
    assert disagreements == []
    assert result == {
        **BASE, "dob": "1991-01-01", "city": "Salina", "zip": "66601", "people": [{"who": "Ann", "phone": "2"}],
    }  # fmt: skip


@pytest.mark.parametrize("winner", [EMR_WINS, CRM_WINS])
def test_contacts_are_merged_one_by_one(winner: str) -> None:
    ours = {"contact": [person("Ann", "9"), person("Bea", "3")]}
    result, disagreements = both(ours, {"people": [{"who": "Cid", "phone": "4"}, {"who": "Ann", "phone": "1"}]}, winner)
    assert disagreements == []
    assert {(each["who"], each["phone"]) for each in result["people"]} == {("Ann", "9"), ("Bea", "3"), ("Cid", "4")}


def test_a_contact_that_was_deleted_here_stays_deleted_when_another_changes_there() -> None:
    base = {"people": [{"who": "Ann", "phone": "1"}, {"who": "Bea", "phone": "2"}]}
    local = {"resourceType": "Patient", "contact": [person("Bea", "2")]}
    changed = {"people": [{"who": "Ann", "phone": "1"}, {"who": "Bea", "phone": "3"}]}
    found = reconciled(LENS, local, base, changed, EMR_WINS)
    assert (found.resource["contact"], found.disagreements) == ([person("Bea", "3")], ())


@pytest.mark.parametrize(("winner", "city"), [(EMR_WINS, "Salina"), (CRM_WINS, "Wichita")])
def test_what_both_changed_goes_by_the_rule_and_is_told(winner: str, city: str) -> None:
    found = reconciled(
        LENS, {**LOCAL, "address": home("Wichita")}, BASE, {**BASE, "city": "Salina", "dob": "2000-01-01"}, winner
    )
    assert (found.resource["address"], found.resource["birthDate"]) == (home(city), "2000-01-01")
    (told,) = found.disagreements
    assert (told.field, told.expression, told.values) == ("city", "Patient.address[0].city", ("Wichita", "Salina"))
    assert (told.ours, told.theirs) == ({"address": home("Wichita")}, {"address": home("Salina")})


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"gender": "other"}, {"sex": "M"}, ["Patient.gender"]),  # a value that the EMR has no word for
        ({"language": "de"}, {"tongue": "fr"}, ["Patient.language"]),  # a field that only the EMR writes
        ({"language": "de"}, {"tongue": "de"}, []),
        ({"contact": []}, {"people": [{"who": "Ann", "phone": "7"}]}, ["Patient.contact[0]"]),
        ({"contact": [person("Ann", "7")]}, {"people": []}, ["Patient.contact[0]"]),
        ({"contact": [person("Ann", "7")]}, {"people": [{"who": "Ann", "phone": "8"}]},
         ["Patient.contact[0].telecom[0].value"]),
        ({"identifier": [{"system": "ssn", "value": "9"}]}, {"number": "8"}, []),  # never shown
        ({"birthDate": "1999-09-09"}, {"hidden": "x", "dob": "1999-09-09"}, []),
    ],
)  # fmt: skip
def test_a_conflict_is_what_the_resource_would_show(ours: Any, theirs: Any, expected: list[str]) -> None:
    assert both(ours, theirs)[1] == both(ours, theirs, CRM_WINS)[1] == expected


def test_without_a_base_the_winner_s_word_is_taken_and_nothing_told() -> None:
    for winner, city in ((EMR_WINS, "Salina"), (CRM_WINS, "Topeka")):
        found = reconciled(LENS, LOCAL, None, {"city": "Salina", "zip": "67401"}, winner)
        assert (found.resource["address"], found.disagreements) == (home(city, "67401"), ())


def test_settling_changes_that_fact_alone() -> None:
    found = reconciled(LENS, {**LOCAL, "address": home("Wichita")}, BASE, {**BASE, "city": "Salina"}, EMR_WINS)
    (told,) = found.disagreements
    later = {**found.resource, "birthDate": "2001-01-01", "address": home("Salina", "67401")}
    assert settled(later, told.theirs, told.ours) == {**later, "address": home("Wichita", "67401")}
    assert settled(settled(later, told.theirs, told.ours), told.ours, told.theirs) == later


def test_settling_a_deletion_deletes_that_element() -> None:
    local = {**LOCAL, "contact": []}
    (told,) = reconciled(LENS, local, BASE, {**BASE, "people": [{"who": "Ann", "phone": "7"}]}, EMR_WINS).disagreements
    later = {**LOCAL, "contact": [person("Ann", "7"), person("Bea", "8")]}
    assert settled(later, told.theirs, told.ours)["contact"] == [person("Bea", "8")]


PLAIN = ("dob", "sex", "city", "zip")
PEOPLE = ("Ann", "Bea", "Cid")
VALUES = {"sex": ["M", "F", None]}
Leaves = dict[str, str | None]


class TwoSides(RuleBasedStateMachine):
    """A CRM and an EMR edit one patient; pulls and pushes come as they come. The model knows only leaves."""

    winner = EMR_WINS

    def __init__(self) -> None:
        super().__init__()
        self.local: dict[str, Any] = {"resourceType": "Patient"}
        self.emr: dict[str, Any] = {}
        self.base: dict[str, Any] = {}
        self.model: dict[str, Leaves] = {side: {} for side in ("local", "emr", "base")}

    @rule(name=st.sampled_from(PLAIN + PEOPLE), value=st.integers(0, 2), here=st.booleans())
    def edit(self, name: str, value: int, here: bool) -> None:
        said = VALUES.get(name, [None, f"{name}-1", f"{name}-2"])[value]
        record = LENS.to_vendor(self.local, {}).value if here else path.copied(self.emr)
        changed = put(record, name, said)
        if here:
            self.local = LENS.absorb(changed, self.local, record).value
        else:
            self.emr = changed
        self.model["local" if here else "emr"][name] = said

    @rule()
    def pull(self) -> None:
        self.local = reconciled(LENS, self.local, self.base, self.emr, self.winner).resource
        self.base = path.copied(self.emr)
        local, emr, base = (self.model[side] for side in ("local", "emr", "base"))
        for name in PLAIN + PEOPLE:
            mine, theirs, old = local.get(name), emr.get(name), base.get(name)
            if theirs != old and (mine == old or self.winner == EMR_WINS):
                local[name] = theirs
        self.model["base"] = dict(emr)

    @rule()
    def push(self) -> None:
        """Only what changed here goes out; what it does not know of the EMR's, it does not touch."""
        ours = LENS.to_vendor(self.local, self.base).value
        self.emr = merged(self.base, ours, self.emr, LENS.likeness, lambda number: False).value
        self.base = ours
        local, emr, base = (self.model[side] for side in ("local", "emr", "base"))
        for name in PLAIN + PEOPLE:
            if local.get(name) != base.get(name):
                emr[name] = base[name] = local.get(name)

    @invariant()
    def sides_are_as_the_model_has_them(self) -> None:
        assert leaves(LENS.to_vendor(self.local, {}).value) == said(self.model["local"])
        assert leaves(self.emr) == said(self.model["emr"])

    def teardown(self) -> None:
        self.pull()
        self.push()
        assert leaves(LENS.to_vendor(self.local, {}).value) == leaves(self.emr)


class CrmFirst(TwoSides):
    winner = CRM_WINS


def put(record: dict[str, Any], name: str, value: str | None) -> dict[str, Any]:
    if name in PLAIN:
        return {**record, name: value}
    people = {each["who"]: each for each in record.get("people", ())} | {name: {"who": name, "phone": value}}
    return {**record, "people": [each for each in people.values() if each["phone"] is not None]}


def leaves(record: dict[str, Any]) -> Leaves:
    people = {each["who"]: each["phone"] for each in record.get("people") or ()}
    return said({**{name: record.get(name) for name in PLAIN}, **people})


def said(model: Leaves) -> Leaves:
    return {name: value for name, value in model.items() if value is not None}


@pytest.mark.parametrize("machine", [TwoSides, CrmFirst])
def test_two_sides_end_equal_in_whatever_order_they_speak(machine: type[TwoSides]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=60, stateful_step_count=20, deadline=None, derandomize=True)
    )
