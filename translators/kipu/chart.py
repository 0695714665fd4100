"""A KIPU patient document as a pulled chart: which parts it has, under which keys, and how they refer to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.translation.contract import Account, Linked, Part, Pulled
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Record
from translators.kipu import casefile, referral
from translators.kipu.coverage import COVERAGE, SUBSCRIBER, coverage_key
from translators.kipu.document import UNSHOWN
from translators.kipu.encounter import ENCOUNTER, place_of
from translators.kipu.kinds import PATIENT_LEAVES
from translators.kipu.location import DESTINATION, FACILITY, NAMED_PAYER, PAYER, REFERRER, places, told
from translators.kipu.patient import PATIENT

GATE: Mapping[str, str] = {
    "first_name": "first name",
    "last_name": "last name",
    "dob": "date of birth",
    "admission_date": "admission date",
    "mr_number": "MR number",
}
"""What KIPU's chart must have before its updates are taken."""
CHART_TYPES = frozenset({"Patient", "Encounter", "Coverage", "RelatedPerson", "ServiceRequest"})
"""What of a chart can be asked for; a chart is one document, and comes as a whole."""
SUBSCRIBER_NAMES = ("subscriber_first_name", "subscriber_last_name", "subscriber_name")


def pulled(account: Account, record: Record, link: Linked | None) -> Pulled:
    """`link`: the person as known already, from this stay or another one."""
    key = (link.external_id if link else None) or str(record["casefile_id"])
    record = _remembered(record, link)
    parts = (_patient(account, record, link, key), *_parties(account, record), *_stay(account, record, key))
    return Pulled(
        key,
        (*parts, *_policies(account, record, key)),
        casefile.our_id(record),
        tuple(label for name, label in GATE.items() if record.get(name) in (None, "")),
        tuple(sorted(_unknown(record))),
        stay=referral.stay(account, record, key, _facility(record)),
    )


def _remembered(record: Record, link: Linked | None) -> Record:
    """With what we have sent and KIPU never shows: its absence from a read is no news."""
    last = (link.record or {}) if link else {}
    other_stay = last.get("casefile_id") != record["casefile_id"]
    kept = UNSHOWN - {"referrer_id"} if other_stay else UNSHOWN
    return {**{name: last[name] for name in sorted(kept) if name in last}, **record}


def _part(account: Account, table: ResourceMap, key: str, record: Record, **more: Any) -> Part:
    return Part(table.bound(account.bindings), key, record, **more)


def _patient(account: Account, record: Record, link: Linked | None, key: str) -> Part:
    """Late news of an earlier stay must not overwrite what the newest says of the person."""
    last = (link.record or {}) if link else {}
    shown = last if casefile.number(last) > casefile.number(record) else record
    return _part(account, PATIENT, key, shown)


def _parties(account: Account, record: Record) -> Iterator[Part]:
    for place in places(record):
        around = {"partOf": f"emr:Location/{place.within}"} if place.within else {}
        yield _part(account, place.map, place.key, place.record, references=around)
    for table, key in (
        (FACILITY, _facility(record)),
        (REFERRER, _party("referrer", record.get("referrer_name"))),
        (DESTINATION, _destination(record)),
    ):
        if key:
            yield _shared(account, table, key, record)


def _shared(account: Account, table: ResourceMap, key: str, record: Record) -> Part:
    lens, said = told(table, account, record)
    return Part(lens, key, said)


def _facility(record: Mapping[str, Any]) -> str | None:
    return f"facility:{record['location_id']}" if record.get("location_id") and record.get("location_name") else None


def _destination(record: Record) -> str | None:
    """An Organization needs a name: a destination of which only the key is shown is named by that."""
    return referral.destination(record) if record.get("discharge_or_transition_name") else None


def _party(kind: str, name: Any) -> str | None:
    return f"{kind}:{name}" if name else None


def _stay(account: Account, record: Record, patient: str) -> Iterator[Part]:
    references = {"subject": f"emr:Patient/{patient}"}
    for place in places(record):
        if place.kind != "si" or place.record.get("location_name"):
            references[place_of(place.kind)] = f"emr:Location/{place.key}"
    for path, key in (
        ("serviceProvider", _facility(record)),
        ("hospitalization.origin", _party("referrer", record.get("referrer_name"))),
        ("hospitalization.destination", _destination(record)),
    ):
        if key:
            references[path] = f"emr:Organization/{key}"
    yield _part(account, ENCOUNTER, str(record["casefile_id"]), record, references=references)


def _policies(account: Account, record: Record, patient: str) -> Iterator[Part]:
    for item in record.get("insurances") or ():
        key = coverage_key(str(record["casefile_id"]), item) if isinstance(item, dict) else None
        if key is None:
            continue
        references = {"beneficiary": f"emr:Patient/{patient}"}
        payer = _party("payer", item.get("insurance_company"))
        if payer:
            references["payor[0]"] = f"emr:Organization/{payer}"
            yield _shared(account, PAYER if item.get("insurance_phone") else NAMED_PAYER, payer, item)
        if str(item.get("subscriber_relationship", "")).casefold() == "self":
            references["subscriber"] = f"emr:Patient/{patient}"
        elif any(item.get(name) for name in SUBSCRIBER_NAMES):
            references["subscriber"] = f"emr:RelatedPerson/{key}"
            yield _part(account, SUBSCRIBER, key, item, references={"patient": f"emr:Patient/{patient}"})
        yield _part(account, COVERAGE, key, item, references=references, match=("subscriberId",))


def _unknown(record: Record) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from (
                f"{name}[].{inner}"
                for inner in sorted({inner for item in value if isinstance(item, dict) for inner in item})
                if f"{name}[].{inner}" not in PATIENT_LEAVES and f"{name}[]" not in PATIENT_LEAVES
            )
        elif name not in PATIENT_LEAVES | UNSHOWN and f"{name}[]" not in PATIENT_LEAVES and not isinstance(value, list):
            yield name
