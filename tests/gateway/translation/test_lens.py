"""The laws of lens.py, on generated tables and records."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.canonical import MARITAL_STATUS
from gateway.translation import path
from gateway.translation.lens import Lens, ResourceMap
from gateway.translation.rows import Bindings, Each, Field, Record, Resource, Way
from tests.gateway.translation.tables import FULL, LENSES, RECORDS, lens_of, stripped

LISTS = ("emails", "contacts")


def without_lists(record: Record) -> Record:
    return {name: value for name, value in stripped(record).items() if name not in LISTS}


@given(LENSES, RECORDS)
def test_get_put(lens: Lens, record: Record) -> None:
    assert lens.to_vendor(lens.to_fhir(record).value, onto=record).value == record
    assert lens.merge(lens.to_fhir(record).value, onto=record).value == record


@given(LENSES, RECORDS, RECORDS)
def test_put_get(lens: Lens, record: Record, other: Record) -> None:
    """Facts that only the EMR writes stay those of the record."""
    writable = lens_of([r for r in lens.map.rows if Way.WRITE in r.way and not isinstance(r, Each)])
    resource = writable.to_fhir(other).value
    assert writable.to_fhir(writable.to_vendor(resource, onto=record).value).value == resource


@given(RECORDS, RECORDS)
def test_put_get_of_lists(record: Record, other: Record) -> None:
    lens = lens_of([Each("contacts", "contact", (Field("name", "name.text"), Field("kind", "relationship[0].text")))])
    resource = lens.to_fhir(other).value
    assert lens.to_fhir(lens.to_vendor(resource, onto=record).value).value == resource


@given(LENSES, RECORDS, RECORDS, RECORDS)
def test_put_put(lens: Lens, record: Record, first: Record, second: Record) -> None:
    v, w = lens.to_fhir(first).value, lens.to_fhir(second).value
    twice = lens.to_vendor(w, onto=lens.to_vendor(v, onto=record).value).value
    once = lens.to_vendor(w, onto=record).value
    assert without_lists(lens.to_vendor(w, onto=twice).value) == without_lists(twice)
    assert lens.to_vendor(w, onto=once).value == once


@given(LENSES, RECORDS)
def test_telling_is_writing_into_nothing_and_tells_the_emrs_own_facts_as_well(lens: Lens, record: Record) -> None:
    resource = lens.to_fhir(record).value
    writable = lens_of([row for row in lens.map.rows if Way.WRITE in row.way])
    assert writable.told(resource) == writable.to_vendor(resource).value
    flat = lens_of([row for row in lens.map.rows if not isinstance(row, Each)])
    resource = flat.to_fhir(record).value
    assert flat.to_fhir(flat.told(resource)).value == resource


@given(LENSES, RECORDS, RECORDS)
def test_inputs_are_neither_changed_nor_shared(lens: Lens, record: Record, other: Record) -> None:
    before, other_before = json.dumps(record), json.dumps(other)
    resource = lens.to_fhir(record).value
    seen = json.dumps(resource)
    results: list[Any] = [lens.to_vendor(resource, onto=other).value, lens.absorb(other, resource, record).value]
    results.append(lens.to_fhir(record).value)
    for result in results:
        spoil(result)
    assert (json.dumps(record), json.dumps(other), json.dumps(resource)) == (before, other_before, seen)
    assert lens.to_fhir(record).value == resource


def spoil(document: Any) -> None:
    """Write into every container."""
    children = list(document.values() if isinstance(document, dict) else document)
    for child in children:
        if isinstance(child, dict | list):
            spoil(child)
    if isinstance(document, dict):
        document["spoiled"] = True
    else:
        document.append("spoiled")


@given(LENSES, RECORDS)
def test_absorbing_into_nothing_is_reading(lens: Lens, record: Record) -> None:
    assert lens.absorb(record, {"resourceType": "Patient"}).value == lens.to_fhir(record).value


@given(LENSES, RECORDS, RECORDS, st.one_of(st.none(), RECORDS))
def test_absorbing_twice_is_absorbing_once(lens: Lens, record: Record, other: Record, base: Record | None) -> None:
    once = lens.absorb(record, lens.to_fhir(other).value, base).value
    assert lens.absorb(record, once, record).value == once
    assert lens.absorb(record, once).value == lens.absorb(record, lens.absorb(record, once).value).value


@given(LENSES, RECORDS, RECORDS)
def test_what_the_emr_has_not_changed_is_no_news(lens: Lens, record: Record, other: Record) -> None:
    local = lens.to_fhir(other).value
    assert lens.absorb(record, local, base=record).value == local


@given(LENSES, RECORDS, RECORDS)
def test_news_arrives(lens: Lens, record: Record, other: Record) -> None:
    """A resource that stands at the base and absorbs a record reads as the record, up to what cannot be read."""
    local = lens.to_fhir(other).value
    absorbed = lens.absorb(record, local, base=other)
    again = lens.absorb(record, absorbed.value, base=other)
    assert again.value == absorbed.value


@given(LENSES, RECORDS)
def test_lost_leaves_are_exactly_the_unmapped_ones(lens: Lens, record: Record) -> None:
    """Each leaf either comes back from a fresh record, or `left_out` names it or something above it."""
    rich = lens.to_fhir(record).value | {"photo": [{"url": "urn:photo"}], "multipleBirthInteger": 2}
    carried = lens.to_vendor(rich)
    back = {expression for expression, _ in leaf_expressions(lens.to_fhir(carried.value).value)}
    named = [left.expression for left in carried.left_out]
    for expression, _ in leaf_expressions(rich):
        owned = "identifier" in expression
        is_named = any(expression == name or expression.startswith((f"{name}.", f"{name}[")) for name in named)
        assert owned or is_named or same_fact(expression) in map(same_fact, back), expression
    assert {"Patient.photo", "Patient.multipleBirthInteger"} <= set(named)


def same_fact(expression: str) -> str:
    """Positions may shift when facts before it stay behind."""
    return "".join(c for c in expression if not c.isdigit())


def leaf_expressions(resource: Resource) -> list[tuple[str, Any]]:
    return [
        (path.expression(leaf, "Patient"), value) for leaf, value in path.leaves(resource) if leaf[0] != "resourceType"
    ]


def test_a_richer_local_value_stays_while_it_says_the_same() -> None:
    divorced = {"coding": [{"system": MARITAL_STATUS, "code": "D", "display": "Divorced"}], "text": "since 2019"}
    local = {"resourceType": "Patient", "active": True, "maritalStatus": divorced, "gender": "other"}
    assert FULL.absorb({"marital": "Unmarried", "sex": "F"}, local).value == local
    changed = FULL.absorb({"marital": "Married", "sex": "M"}, local, base={"marital": "Unmarried", "sex": "F"}).value
    assert (changed["maritalStatus"]["text"], changed["gender"]) == ("Married", "male")


def test_base_confines_the_news() -> None:
    local = {"resourceType": "Patient", "active": True, "birthDate": "1990-01-02", "gender": "female"}
    absorbed = FULL.absorb({"dob": "1980-05-06", "sex": "M"}, local, base={"dob": "1980-05-06", "sex": "F"})
    assert absorbed.value == local | {"gender": "male"}


def test_a_fact_that_the_emr_withdrew_goes_with_its_constants() -> None:
    record = {"phones": {"home": "1", "work": "2"}, "race": "2106-3", "mr": "77"}
    local = FULL.to_fhir(record).value
    assert FULL.absorb({}, local, base=record).value == {"resourceType": "Patient", "active": True}


def test_an_unreadable_value_is_reported_and_survives_a_put() -> None:
    record = {"dob": "05/06/1980", "contacts": [{"name": "Ann", "gender": "X"}]}
    read = FULL.to_fhir(record)
    assert [left.expression for left in read.left_out] == ["dob", "contacts[].gender"]
    assert FULL.to_vendor(read.value, onto=record).value == record


def test_list_items_keep_their_hidden_fields_when_another_is_deleted() -> None:
    record = {"emails": [{"address": n, "hidden": n.upper()} for n in ("a", "b", "c")]}
    resource = FULL.to_fhir(record).value
    del resource["telecom"][1]
    written = FULL.to_vendor(resource, onto=record).value
    assert written == {"emails": [{"address": "a", "hidden": "A"}, {"address": "c", "hidden": "C"}]}


def test_list_elements_keep_local_riches_when_the_emr_deletes_another() -> None:
    base = {"contacts": [{"name": n, "kind": "friend"} for n in ("Ann", "Bob", "Cleo")]}
    local = FULL.to_fhir(base).value
    local["contact"][2]["organization"] = {"display": "Harbor House"}
    local["contact"].append({"name": {"text": "Dan"}})
    record = {"contacts": [base["contacts"][0], {"name": "Cleo", "kind": "sister"}]}
    contacts = FULL.absorb(record, local, base).value["contact"]
    assert [c["name"]["text"] for c in contacts] == ["Ann", "Cleo", "Dan"]
    assert contacts[1]["organization"] == {"display": "Harbor House"}
    assert contacts[1]["relationship"] == [{"text": "sister"}]


def test_read_only_fields_of_list_elements_are_not_written() -> None:
    resource = {"resourceType": "Patient", "telecom": [{"system": "email", "value": "a", "id": "9"}]}
    carried = FULL.to_vendor(resource)
    assert carried.value == {"emails": [{"address": "a"}]}
    assert [left.expression for left in carried.left_out] == ["Patient.telecom[0].id"]


def test_an_element_is_written_as_far_as_it_can_be_and_the_rest_is_reported() -> None:
    resource = {"resourceType": "Patient", "contact": [{"name": {"text": "Ann"}, "gender": "unknown"}]}
    carried = FULL.to_vendor(resource)
    assert carried.value == {"contacts": [{"name": "Ann"}]}
    assert [left.expression for left in carried.left_out] == ["Patient.contact[0].gender"]


def test_a_value_without_a_place_in_the_vendor_list_is_reported() -> None:
    lens = lens_of([Field("lines[1]", "address[use=work].city")])
    carried = lens.to_vendor({"resourceType": "Patient", "address": [{"use": "work", "city": "Ames"}]})
    assert carried.value == {}
    assert [left.expression for left in carried.left_out] == ["Patient.address"]


def test_a_second_line_without_a_first_is_not_moved_up() -> None:
    read = FULL.to_fhir({"line2": "Unit 4"})
    assert "address" not in read.value
    assert [left.expression for left in read.left_out] == ["line2"]


def test_silent_elements_are_not_reported() -> None:
    table = ResourceMap("Patient", frozenset(), (), silent={"name.text": "derived", "extension[url=urn:a]": "ours"})
    lens = table.bound(Bindings())
    resource = {
        "resourceType": "Patient",
        "name": [{"text": "Ann"}, {"text": "Bo", "family": "Bo"}],
        "extension": [{"url": "urn:a", "valueString": "x"}, {"url": "urn:b", "valueString": "y"}],
    }
    assert [left.expression for left in lens.unmapped(resource)] == ["Patient.name[1].family", "Patient.extension[1]"]


def test_constants_are_set_and_count_as_carried() -> None:
    lens = lens_of([])
    assert lens.to_fhir({}).value == {"resourceType": "Patient", "active": True}
    assert lens.unmapped({"resourceType": "Patient", "active": True}) == ()
    assert [left.expression for left in lens.unmapped({"resourceType": "Patient", "active": False})] == [
        "Patient.active"
    ]


def test_reading_forty_rows_takes_less_than_a_third_of_a_millisecond() -> None:
    rows = [Field(f"part{n % 4}.field{n}", f"extension[url=urn:test:{n}].valueString") for n in range(20)]
    rows += [Field(f"other{n}", f"contact[{n // 4}].name.{'abcd'[n % 4]}") for n in range(20)]
    lens = lens_of(rows)
    record: Record = {f"other{n}": "x" for n in range(20)}
    for n in range(20):
        record.setdefault(f"part{n % 4}", {})[f"field{n}"] = "x"
    assert len(lens.to_fhir(record).value["contact"]) == 5
    assert best_of(30, lambda: lens.to_fhir(record)) < 0.0003


def best_of(times: int, work: Any) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(once() for _ in range(times))
