"""Making and changing a patient: what a body says is brought into the resource by the field table.

Everything else of the resource stays as other systems wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from gateway.faults import Conflict, Invalid, NotFound
from gateway.translation.face import Kept, Records, Search, literal
from gateway.translation.path import get, parse
from gateway.translation.rows import Record, Resource
from translators.internal.face.lifecycle import is_archived, put_away
from translators.internal.face.patient_facts import GUARANTOR, LENS, RELATIONS, facts
from translators.internal.face.references import entered
from translators.internal.face.subrecord import refuse
from translators.internal.patient import HOME, NAME
from translators.internal.patient_pairs import full_name
from translators.internal.schema.patient import CreatePatientIn, UpdatePatientIn

NAMES = frozenset({"first_name", "middle_name", "last_name", "title"})
ADDRESS = frozenset({"address_line1", "address_line2", "city", "state", "postal_code", "country"})
AHEAD = timedelta(hours=14)
"""Where it is tomorrow already, somebody may be born today."""


def registered(records: Records, body: CreatePatientIn) -> Kept:
    """A new patient; raises Conflict where the chart number is taken."""
    return records.create(composed(records, body))


def revised(records: Records, kept: Kept, body: UpdatePatientIn) -> Kept:
    """The patient with what the body gives; null clears."""
    check_version(kept, body.base_version)
    return records.update(recomposed(records, kept, body), body.base_version)


def composed(records: Records, body: CreatePatientIn) -> Resource:
    """What a create would write."""
    given = {name: value for name, value in body.model_dump(mode="json").items() if value is not None}
    if body.billing_account is not None:
        given["billing_account"] = body.billing_account
    _check_times(records, body)
    _check_chart_number(records, given.get("chart_number"))
    record = {"status": "deceased" if body.date_time_deceased else "active"} | _entered(records, given)
    carried = LENS.to_fhir(record)
    refuse(carried.left_out)
    return put_away(carried.value, records.now) if record["status"] == "archived" else carried.value


def recomposed(records: Records, kept: Kept, body: UpdatePatientIn) -> Resource:
    """What an update would write; the version is not looked at."""
    given = body.model_dump(mode="json", exclude_unset=True, exclude={"base_version"})
    _check_times(records, body)
    _take_chart_number(records, kept, given)
    return news_of(kept.resource, _entered(records, given))


def news_of(resource: Resource, news: Mapping[str, Any]) -> Resource:
    """The resource after the news; raises Invalid where the table cannot read one of them."""
    before = LENS.to_vendor(resource).value
    after = {name: value for name, value in {**before, **news}.items() if value is not None}
    carried = LENS.absorb(after, onto=resource, base=before)
    refuse(carried.left_out)
    _retell(carried.value, news.keys())
    return carried.value


def check_version(kept: Kept, version: int) -> None:
    if kept.version != version:
        text = f"The patient has changed since that version was read: it is at version {kept.version} now."
        raise Conflict(text, "body.base_version")


# --- what has to hold -------------------------------------------------------------------------------------------


def _check_times(records: Records, body: CreatePatientIn | UpdatePatientIn) -> None:
    latest = records.now + AHEAD
    born, died = body.date_of_birth, body.date_time_deceased
    if born is not None and born > latest.date():
        raise Invalid("A date of birth lies in the past", "body.date_of_birth")
    if died is not None and died > latest:
        raise Invalid("A time of death lies in the past", "body.date_time_deceased")


def _check_chart_number(records: Records, number: str | None) -> None:
    """Of all patients: who is archived keeps theirs."""
    if number is None:
        return
    found = records.search(Search("Patient", (("chart-number:exact", literal(number)),), count=50))
    if any(facts(each.resource)["chart_number"] == number for each in found.kept):
        raise Conflict("Another patient has this chart number", "body.chart_number")


def _take_chart_number(records: Records, kept: Kept, given: dict[str, Any]) -> None:
    """One that another system has given stands until the staff give their own; it is not theirs to take away."""
    if "chart_number" not in given:
        return
    number, shown = given["chart_number"], facts(kept.resource)["chart_number"]
    if number == shown:
        del given["chart_number"]
    elif number is None and LENS.told(kept.resource).get("chart_number") is None:
        raise Invalid("The chart number is another system's and is cleared there", "body.chart_number")
    else:
        _check_chart_number(records, number)


def _entered(records: Records, given: Mapping[str, Any]) -> Record:
    """With the related entities, which have to be there."""
    key = given.get(GUARANTOR.key)
    guarantor = records.read(GUARANTOR.type, key) if key is not None else None
    if guarantor is not None and is_archived(guarantor.resource):
        raise NotFound(f"{GUARANTOR.title} not found. The record is archived.", f"body.{GUARANTOR.key}")
    return entered(records, given, RELATIONS)


# --- what the table has no row for ------------------------------------------------------------------------------


def _retell(resource: Resource, changed: Any) -> None:
    """A name or an address in one string would still say what its parts said before."""
    name, home = get(resource, parse(NAME)), get(resource, parse(HOME))
    if not NAMES.isdisjoint(changed) and name and "text" in name:
        parts = [*name.get("prefix", ()), full_name({**name, "text": None}), *name.get("suffix", ())]
        name["text"] = " ".join(part for part in parts if part)
    if not ADDRESS.isdisjoint(changed) and home:
        home.pop("text", None)
