"""Custom fields: bound in both directions, typed, and what a mapping that comes or goes does to charts."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import extension_url
from gateway.translation.contract import Linked
from gateway.translation.lens import Lens
from gateway.translation.rows import Bindings, Way
from tests.translators.kipu.desk import Desk, account
from tests.translators.kipu.people import PATIENT as PERSON
from tests.translators.kipu.people import chart
from translators.kipu.custom_fields import CUSTOM
from translators.kipu.document import TAKEN
from translators.kipu.patient import PATIENT

SYSTEMS = {"id": "urn:id", "mr": "urn:mr"}


def lens(**mapping: str) -> Lens:
    """The table with `name of the CRM = field of KIPU`."""
    return PATIENT.bound(Bindings(SYSTEMS, {"custom-field": mapping}))


def custom(name: str, value: Any, type: str = "String") -> dict[str, Any]:
    parts = [{"url": "name", "valueString": name}, {"url": "value", f"value{type}": value}]
    return {"url": extension_url("custom-field"), "extension": parts}


def patient(*extensions: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Patient", **({"extension": list(extensions)} if extensions else {})}


SOBER = {"sobriety_date": "2026-01-02"}


@pytest.mark.parametrize(
    ("extension", "field", "said"),
    [
        (custom("Sober", "2026-01-02", "Date"), "sobriety_date", "2026-01-02"),
        (custom("Sober", "2026-01-02"), "sobriety_date", "2026-01-02"),
        (custom("Sober", "Baker"), "occupation", "Baker"),
        (custom("Sober", 7, "Integer"), "patient_color_id", "7"),
        (custom("Sober", True, "Boolean"), "admission_status", "true"),
        (custom("sobriety_date", "2026-01-02"), "sobriety_date", "2026-01-02"),
    ],
)
def test_a_bound_field_goes_there_and_its_changes_come_back(extension: Any, field: str, said: str) -> None:
    table, local = lens(Sober=field), patient(extension)
    sent = table.to_vendor(local)
    assert (sent.value, sent.left_out) == ({field: said}, ())
    assert table.absorb({field: said}, local).value == local
    changed = {field: "2027-03-04"}
    after = table.absorb(changed, local, sent.value).value
    is_date = field == "sobriety_date" and "valueDate" in extension["extension"][1]
    assert after == patient(custom("Sober", "2027-03-04", "Date" if is_date else "String"))
    assert table.to_vendor(after, changed).value == changed
    assert table.absorb({}, local, sent.value).value == patient()


def test_what_kipu_s_staff_enter_first_comes_under_the_crm_s_name_and_with_its_type() -> None:
    read = lens(Sober="sobriety_date", Job="occupation").to_fhir({**SOBER, "occupation": "2026-01-02"}).value
    assert read["extension"] == [custom("Sober", "2026-01-02", "Date"), custom("Job", "2026-01-02")]
    assert lens().to_fhir(SOBER).value["extension"] == [custom("sobriety_date", "2026-01-02", "Date")]
    assert lens().to_fhir({"sobriety_date": "in May"}).value["extension"] == [custom("sobriety_date", "in May")]


@pytest.mark.parametrize("value", ["in May", "2026-02-30", "01/02/2026"])
async def test_what_is_no_date_is_left_out_and_named(value: str) -> None:
    extensions = [custom("Job", "Baker"), custom("Sober", value)]
    desk = Desk(account({"custom-field": {"Sober": "sobriety_date", "Job": "occupation"}}))
    pushed = await desk.push(chart({**PERSON, "extension": extensions}), Linked("p-1"))
    (lost,) = [lost for lost in pushed.left_out if lost.expression.startswith("Patient.extension")]
    assert (lost.expression, lost.reason) == (
        "Patient.extension[1]",
        "KIPU has a date in sobriety_date: write it as YYYY-MM-DD",
    )  # fmt: skip
    assert not desk.of(PERSON["name"][0]["family"])[0].get("sobriety_date")


def test_a_mapping_that_is_removed_leaves_the_values_on_both_sides() -> None:
    local = patient(custom("Sober", "2026-01-02", "Date"))
    assert lens().to_vendor(local, SOBER).value == SOBER
    assert lens().absorb(SOBER, local, SOBER).value == local
    assert lens(Job="occupation").to_vendor(local, {**SOBER, "occupation": "x"}).value == {**SOBER, "occupation": "x"}


def test_a_mapping_that_is_set_takes_over_what_was_there_under_kipu_s_name() -> None:
    local, bound = patient(custom("sobriety_date", "2026-01-02", "Date")), lens(Sober="sobriety_date")
    assert bound.to_vendor(local, SOBER).value == SOBER
    assert bound.absorb({"sobriety_date": "2026-05-06"}, local, SOBER).value == patient(
        custom("Sober", "2026-05-06", "Date")
    )


def test_what_the_crm_takes_away_goes() -> None:
    assert lens(Sober="sobriety_date").to_vendor(patient(), SOBER).value == {}


def test_every_field_that_is_offered_for_writing_is_one_that_kipu_takes() -> None:
    assert {name for name, target in CUSTOM.items() if target.writable} <= set(TAKEN)
    ways = {row.name: row.way for row in lens().rows if row.vendor_paths()[0] in CUSTOM}  # type: ignore[attr-defined]
    assert {name: way == Way.BOTH for name, way in ways.items()} == {n: t.writable for n, t in CUSTOM.items()}
