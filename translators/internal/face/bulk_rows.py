"""One row of many: checked by itself, and brought in by one write or by none.

What is wrong with a row is told of the row; nothing of it is in the text. A row is refused before it is written, so
that a transaction that holds others too can go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gateway.faults import ClientFault, Conflict
from gateway.translation.face import Kept, Records, Search, literal
from gateway.translation.rows import Record, Resource
from translators.internal.face.lifecycle import is_archived, status_of, with_status
from translators.internal.face.patient_duplicates import duplicates
from translators.internal.face.patient_facts import facts
from translators.internal.face.patient_status import check_step
from translators.internal.face.patient_writing import composed, news_of, recomposed
from translators.internal.schema.bulk import BulkMeta
from translators.internal.schema.patient import CreatePatientIn, UpdatePatientIn

Given = Mapping[str, Any]
AT_CREATE = frozenset({"status", "billing_account"})
"""Members of a row that an update does not have."""
OF_ROWS = {"new_status": "status"}
"""What another operation calls a member of a row."""
WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
SIGNALS = {
    "last_name_and_date_of_birth": "last name and date of birth",
    "email": "e-mail address",
    "mobile_phone": "mobile number",
    "social_security_number": "social security number",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One of the request."""

    number: int
    """From 0."""
    given: Given
    taken: int | None = None
    """The earlier row that has its chart number."""

    def told(self, status: str, id: str | None = None, errors: list[Record] | None = None) -> Record:
        return {"row": self.number, "status": status, "id": id, "errors": errors or []}


def brought_in(records: Records, row: Row, meta: BulkMeta) -> Record:
    """What became of the row, or in a dry run would become."""
    try:
        body = CreatePatientIn.model_validate(row.given)
        if row.taken is not None:
            raise Conflict(f"Row {row.taken} has this chart number too", "body.chart_number")
        kept = bearer(records, body.chart_number) if meta.mode == "upsert" else None
        if kept is not None:
            return changed(records, row, kept, body, meta.dry_run)
        return made(records, row, body, meta.dry_run)
    except ValidationError as error:
        return row.told("failed", errors=list(_misfits(error)))
    except ClientFault as fault:
        return row.told("failed", errors=list(_refusals(fault)))


def made(records: Records, row: Row, body: CreatePatientIn, dry: bool) -> Record:
    resource = composed(records, body)
    if not dry:
        return row.told("created", records.create(resource).id)
    records.check(resource)
    return row.told("validated", errors=list(_likenesses(records, body)))


def changed(records: Records, row: Row, kept: Kept, body: CreatePatientIn, dry: bool) -> Record:
    after = changed_resource(records, row, kept, body)
    if after == kept.resource:
        return row.told("validated" if dry else "skipped", kept.id)
    if dry:
        records.check(after)
        return row.told("validated", kept.id)
    updated = records.update(after, kept.version)
    return row.told("updated" if updated.version != kept.version else "skipped", kept.id)


def changed_resource(records: Records, row: Row, kept: Kept, body: CreatePatientIn) -> Resource:
    """Null clears, as everywhere; a status has to be one that the patient's own leads to."""
    if is_archived(kept.resource):
        raise Conflict("The patient with this chart number is archived: restore the record first", "body.chart_number")
    given = {name: value for name, value in row.given.items() if name not in AT_CREATE}
    after = recomposed(records, kept, UpdatePatientIn.model_validate({**given, "base_version": kept.version}))
    if "billing_account" in body.model_fields_set:
        after = news_of(after, {"billing_account": body.billing_account})
    now = status_of(kept.resource)
    if body.status is None or body.status == now:
        return after
    check_step(now, body.status)
    return with_status(after, body.status)


def bearer(records: Records, number: str | None) -> Kept | None:
    if number is None:
        return None
    found = records.search(Search("Patient", (("chart-number:exact", literal(number)),), count=50)).kept
    bearers = [each for each in found if facts(each.resource)["chart_number"] == number]
    if len(bearers) > 1:
        raise Conflict("Several patients have this chart number", "body.chart_number")
    return bearers[0] if bearers else None


# --- what is told of a row -------------------------------------------------------------------------------------


def _misfits(error: ValidationError) -> Iterator[Record]:
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        yield {"loc": list(each["loc"]), "msg": each["msg"], "type": each["type"]}


def _refusals(fault: ClientFault) -> Iterator[Record]:
    for issue in fault.issues:
        place = issue.expression[0].removeprefix("body.") if issue.expression else ""
        yield {
            "loc": OF_ROWS.get(place, place).split(".") if place else [],
            "msg": issue.diagnostics,
            "type": issue.code or _kind(fault),
        }


def _kind(fault: ClientFault) -> str:
    return WORD.sub("_", type(fault).__name__).lower()


def _likenesses(records: Records, body: CreatePatientIn) -> Iterator[Record]:
    """A dry run names what would not stop the row: another patient may be the same person."""
    others = duplicates(records, body.model_dump(mode="json"))
    for signal in dict.fromkeys(signal for other in others for signal in other["signals"]):
        yield {"loc": [], "msg": f"Another patient has the same {SIGNALS[signal]}", "type": "potential_duplicate"}
