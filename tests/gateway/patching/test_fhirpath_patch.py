"""FHIRPath Patch: what each operation does, and paths of all kinds (fhirpatch.html)."""

# ruff: noqa: E501 (tables, a row a line)

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import ClientFault, Invalid, Unprocessable
from gateway.patching.fhirpath import parse
from gateway.patching.fhirpath_patch import operations, patched

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "name": [{"use": "official", "family": "Doe", "given": ["A", "B"]}, {"use": "nickname", "given": ["C"]}],
    "telecom": [{"system": "phone", "value": "1"}],
    "birthDate": "2000-01-01",
    "deceasedBoolean": False,
    "contact": [{"name": {"family": "Kin"}}],
    "extension": [{"url": "http://e.example", "valueString": "x"}],
}


def operation(type: str, **parts: Any) -> dict[str, Any]:
    made: list[dict[str, Any]] = [{"name": "type", "valueCode": type}]
    for name, value in parts.items():
        if isinstance(value, dict):
            made.append({"name": name, **value})
        else:
            key = "valueInteger" if isinstance(value, int) else "valueString"
            made.append({"name": name, key: value})
    return {"name": "operation", "part": made}


def patch(*steps: dict[str, Any], resource: dict[str, Any] = PATIENT) -> dict[str, Any]:
    parameters = {"resourceType": "Parameters", "parameter": list(steps)}
    return patched(deepcopy(resource), operations(parameters, resource["resourceType"]))


DONE: list[tuple[dict[str, Any], str, Any]] = [
    (operation("add", path="Patient", name="gender", value={"valueCode": "male"}), "gender", "male"),
    (operation("add", path="Patient", name="maritalStatus", value={"valueCodeableConcept": {"text": "M"}}), "maritalStatus", {"text": "M"}),
    (operation("add", path="Patient", name="multipleBirth", value={"valueInteger": 2}), "multipleBirthInteger", 2),
    (operation("add", path="Patient.telecom[0]", name="use", value={"valueCode": "home"}), "telecom", [{"system": "phone", "value": "1", "use": "home"}]),
    (operation("add", path="Patient.name.where(use = 'nickname')", name="given", value={"valueString": "D"}), "name", [PATIENT["name"][0], {"use": "nickname", "given": ["C", "D"]}]),
    (operation("add", path="Patient", name="contact", value={"part": [{"name": "name", "valueHumanName": {"family": "Z"}}, {"name": "gender", "valueCode": "other"}]}), "contact", [*PATIENT["contact"], {"name": {"family": "Z"}, "gender": "other"}]),
    (operation("insert", path="Patient.name[0].given", index=1, value={"valueString": "X"}), "name", [{**PATIENT["name"][0], "given": ["A", "X", "B"]}, PATIENT["name"][1]]),
    (operation("insert", path="Patient.identifier", index=0, value={"valueIdentifier": {"value": "i"}}), "identifier", [{"value": "i"}]),
    (operation("delete", path="Patient.birthDate"), "birthDate", None),
    (operation("delete", path="Patient.gender"), "gender", None),
    (operation("delete", path="Patient.telecom[0]"), "telecom", None),
    (operation("delete", path="Patient.contact.name.family"), "contact", None),
    (operation("delete", path="Patient.name.where(use = 'official' and family = 'Doe').given.last()"), "name", [{**PATIENT["name"][0], "given": ["A"]}, PATIENT["name"][1]]),
    (operation("delete", path="Patient.extension('http://e.example')"), "extension", None),
    (operation("replace", path="Patient.birthDate", value={"valueDate": "2001"}), "birthDate", "2001"),
    (operation("replace", path="birthDate", value={"valueDate": "2001"}), "birthDate", "2001"),
    (operation("replace", path="Patient.name.first().given[1]", value={"valueString": "Y"}), "name", [{**PATIENT["name"][0], "given": ["A", "Y"]}, PATIENT["name"][1]]),
    (operation("replace", path="Patient.deceased", value={"valueDateTime": "2024"}), "deceasedDateTime", "2024"),
    (operation("replace", path="Patient.deceased.ofType(boolean)", value={"valueBoolean": True}), "deceasedBoolean", True),
    (operation("move", path="Patient.name[0].given", source=0, destination=1), "name", [{**PATIENT["name"][0], "given": ["B", "A"]}, PATIENT["name"][1]]),
]  # fmt: skip


@pytest.mark.parametrize(("step", "name", "wanted"), DONE)
def test_operations(step: dict[str, Any], name: str, wanted: Any) -> None:
    after = patch(step)
    assert after.get(name) == wanted
    others = PATIENT.keys() - {name, "deceasedBoolean"}
    assert {key: after.get(key) for key in others} == {key: PATIENT[key] for key in others}


def test_a_choice_that_changes_its_type_leaves_no_trace() -> None:
    step = operation("replace", path="Patient.deceased", value={"valueDateTime": "2024"})
    assert "deceasedBoolean" not in patch(step)


def test_what_stands_beside_values_moves_with_them() -> None:
    name = {"given": ["A", "B"], "_given": [None, {"id": "b"}]}
    resource = {"resourceType": "Patient", "name": [name]}
    moved = patch(operation("move", path="Patient.name.given", source=1, destination=0), resource=resource)
    assert moved["name"] == [{"given": ["B", "A"], "_given": [{"id": "b"}, None]}]
    deleted = patch(operation("delete", path="Patient.name.given[1]"), resource=resource)
    assert deleted["name"] == [{"given": ["A"]}]


@pytest.mark.parametrize(
    "step",
    [
        operation("add", path="Patient.name", name="use", value={"valueCode": "old"}),
        operation("add", path="Patient.photo", name="url", value={"valueUrl": "x"}),
        operation("add", path="Patient", name="birthDate", value={"valueDate": "2001"}),
        operation("add", path="Patient", name="deceased", value={"valueDateTime": "2001"}),
        operation("delete", path="Patient.name"),
        operation("delete", path="Patient"),
        operation("replace", path="Patient.gender", value={"valueCode": "male"}),
        operation("replace", path="Patient", value={"valueCode": "male"}),
        operation("insert", path="Patient.telecom", index=2, value={"valueContactPoint": {"value": "2"}}),
        operation("move", path="Patient.telecom", source=1, destination=0),
        operation("move", path="Patient.telecom", source=0, destination=1),
    ],
)
def test_what_the_resource_is_not_like(step: dict[str, Any]) -> None:
    with pytest.raises(Unprocessable) as refused:
        patch(step)
    assert refused.value.issues[0].expression == ("Parameters.parameter[0]",)


@pytest.mark.parametrize(
    "step",
    [
        {"name": "shoe"},
        {"name": "operation"},
        operation("spin", path="Patient"),
        operation("add", path="Patient"),
        operation("add", path="Patient", name="gender"),
        operation("add", path="Patient", name="shoe", value={"valueCode": "x"}),
        operation("add", path="Patient", name="multipleBirth", value={"valueString": "x"}),
        operation("add", path="Patient", name=1, value={"valueCode": "x"}),
        operation("insert", path="Patient.birthDate", index=0, value={"valueDate": "x"}),
        operation("insert", path="Patient.name.first()", index=0, value={"valueDate": "x"}),
        operation("insert", path="Patient.telecom", index="0", value={"valueDate": "x"}),
        operation("delete", path=1),
        *(operation("delete", path=path) for path in ("Patient.", "a[", "a[x]", "a.b(", "1", "a.where()", "a.where(b)")),
        *(operation("delete", path=path) for path in ("Patient.name.count()", "a | b", "'x'", "a.where(b = )", "x" * 3000)),
        operation("delete", path="Patient.birthDate.extension('x')"),
    ],
)  # fmt: skip
def test_what_is_no_patch(step: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        patch(step)


@given(st.text(alphabet="Patient.nmegiv[](){}='01 `\\@", max_size=40) | st.text(max_size=20))
def test_any_path_is_read_or_refused(text: str) -> None:
    try:
        parse(text, "Patient", "here").find(deepcopy(PATIENT))
    except ClientFault:
        return
