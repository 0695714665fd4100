"""The document that KIPU takes: what a read calls one name, a write calls another.

The tables are on the names of a read. Here stands the one table of renamings, which fields a write takes and in which
order, and the formats of a write: KIPU reads times as instants and takes them as the facility's wall clock, without a
zone. A time with an offset is written with the digits it has, for its sender wrote the facility's time; with the
setting `time_zone` an instant is written as that zone's wall clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.faults import Misconfigured
from gateway.translation.contract import Account, Call, FormPart
from gateway.translation.rows import Record
from translators.kipu.attachments import Picture
from translators.kipu.system import SENDER, app_id


def fields(names: str) -> frozenset[str]:
    """Names as a paragraph: KIPU's documents have many."""
    return frozenset(names.split())


RENAMED: Mapping[str, str] = {
    "state": "address_state",
    "mr_number": "mr",
    "insurances": "insurances_attributes",
    "patient_contacts": "patient_contacts_attributes",
    "discharge_or_transition_id": "discharge_to_id",
    "discharge_or_transition_name": "discharge_to_name",
}
INSURANCE_RENAMED: Mapping[str, str] = {"id": "kipu_insurance_id"}
CONTACT_RENAMED: Mapping[str, str] = {}
OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "insurances": {"member_id": "policy_no", "group_number": "group_ID"},
    "patient_contacts": {"name": "full_name"},
}
"""What items of a read may be called as well (KIPU's samples disagree) → the name that the tables use."""
UNSHOWN = fields("marital_status occupation employer_name employer_phone patient_color_id admission_status referrer_id")
"""Taken by the create and not shown by any documented read."""

TAKEN = (
    "first_name",
    "middle_name",
    "last_name",
    "preferred_name",
    "dob",
    "marital_status",
    "location_id",
    "mr",
    "phone",
    "alternate_phone",
    "address_street",
    "address_street2",
    "address_city",
    "address_zip",
    "address_state",
    "address_country",
    "gender",
    "email",
    "race",
    "ethnicity",
    "ssn",
    "occupation",
    "employer_name",
    "employer_phone",
    "patient_color_id",
    "pre_admission_status",
    "admission_status",
    "sobriety_date",
    "first_contact_name",
    "first_contact_information",
    "first_contact_relationship",
    "first_contact_date",
    "first_contact_rep_on_call",
    "referrer_id",
    "referrer_name",
    "admission_date",
    "discharge_date",
    "anticipated_discharge_date",
    "discharge_to_id",
    "discharge_to_name",
    "payment_method",
    "insurances_attributes",
    "patient_contacts_attributes",
)
"""What POST and PATCH take, in the order in which CRMs send it."""
BLANK = ("mr", "discharge_date")
"""Sent empty in a create that has nothing to say."""
TIMES = ("admission_date", "discharge_date")
DAYS = ("anticipated_discharge_date", "first_contact_date")
INSURANCE_TAKEN = fields(
    "insurance_company insurance_phone subscriber_first_name subscriber_middle_name subscriber_last_name "
    "subscriber_name subscriber_SSN subscriber_DOB subscriber_gender subscriber_relationship subscriber_employer "
    "subscriber_address_street subscriber_address_street2 subscriber_address_city subscriber_address_zip "
    "subscriber_address_state subscriber_address_country policy_no group_ID co_payment deductible notes insurance_type "
    "insurance_plan_type insurance_policy_type payer_synonym rx_name rx_phone rx_group rx_bin rx_pcn origin_id "
    "kipu_insurance_id migrating exclude_from_scheduling"
)
CONTACT_TAKEN = fields("full_name phone alternative_phone address email notes contact_type relationship")


def as_named(document: Record) -> Record:
    """A document of a read, its items under the tables' names."""
    lists = {name: document[name] for name in OTHER_NAMES if isinstance(document.get(name), list)}
    return {**document, **{name: [_item(item, OTHER_NAMES[name]) for item in items] for name, items in lists.items()}}


def _item(item: Any, others: Mapping[str, str]) -> Any:
    if not isinstance(item, dict):
        return item
    return {others[name] if name in others and others[name] not in item else name: item[name] for name in item}


def wall_clock(value: str, zone: str) -> str:
    """`YYYY-MM-DD HH:MM:SS` of a FHIR dateTime."""
    moment = datetime.fromisoformat(value)
    if zone and moment.tzinfo is not None:
        moment = moment.astimezone(_zone(zone))
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Misconfigured("time_zone is no zone that this machine knows; write it as America/Denver") from error


def written(account: Account, record: Mapping[str, Any]) -> Record:
    """The write shape of what a record in the read shape says. A value of None says that the fact is to be cleared."""
    zone = account.settings.get("time_zone", "")
    named = {RENAMED.get(name, name): value for name, value in record.items()}
    return {name: _value(name, named[name], zone) for name in TAKEN if name in named}


def _value(name: str, value: Any, zone: str) -> Any:
    if value in (None, ""):
        return ""
    formats: dict[str, Callable[[Any], Any]] = {
        **dict.fromkeys(TIMES, lambda text: wall_clock(text, zone)),
        **dict.fromkeys(DAYS, lambda text: wall_clock(text, zone)[:10]),
        "location_id": str,
        "discharge_to_id": str,
        "referrer_id": str,
        "address_country": lambda name: "US" if name == "United States" else name,
        "insurances_attributes": lambda items: _items(items, INSURANCE_RENAMED, INSURANCE_TAKEN),
        "patient_contacts_attributes": lambda items: _items(items, CONTACT_RENAMED, CONTACT_TAKEN),
    }
    return formats[name](value) if name in formats else value


def _items(items: Iterable[Record], renamed: Mapping[str, str], taken: frozenset[str]) -> list[Record]:
    named = ({renamed.get(name, name): value for name, value in item.items()} for item in items)
    return [{name: value for name, value in item.items() if name in taken} for item in named]


def creation(account: Account, record: Record, ours: str) -> Record:
    """The body of POST /api/patients."""
    said = {**dict.fromkeys(BLANK), **{RENAMED.get(name, name): value for name, value in record.items()}}
    return _document(account, {**written(account, said), "sending_app_patient_id": ours})


def change(account: Account, changes: Record, identity: Record, number: int, ours: str) -> Record:
    """The body of PATCH /api/patients/{number}: the changes, who it is, and the flags that make it an update."""
    flags = {"patient_id": number, "incoming_patch": True, "update_patient_attributes": True, "update": True}
    data = {**written(account, identity), **written(account, changes), "sending_app_patient_id": ours}
    return _document(account, {**data, **flags})


def _document(account: Account, data: Record) -> Record:
    return {"document": {"recipient_id": app_id(account), "sending_app_name": SENDER, "data": data}}


def call(method: str, path: str, body: Record, pictures: Sequence[Picture], nonce: str) -> Call:
    """A write: JSON, or with pictures a form that says the same under names in brackets."""
    if not pictures:
        return Call(method, path, json=body)
    files = (part for number, picture in enumerate(pictures) for part in _attachment(number, picture))
    return Call(method, path, parts=(*_fields("", body), *files), boundary=f"crosswalk-{nonce}")


def _fields(name: str, value: Any) -> Iterator[FormPart]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _fields(f"{name}[{key}]" if name else str(key), inner)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _fields(f"{name}[{number}]", item)
    else:
        yield FormPart(name, _text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _attachment(number: int, picture: Picture) -> Iterator[FormPart]:
    name = f"document[attachments_attributes][{number}]"
    yield FormPart(f"{name}[attachment_name]", picture.place)
    if picture.origin is not None:
        yield FormPart(f"{name}[origin_id]", str(picture.origin))
    yield FormPart(f"{name}[attachment]", file=picture.file, filename=picture.filename)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Record:
    """What a push has to say: fields that differ, None for those that went; of lists the items that are new."""
    found: Record = {}
    for name in dict.fromkeys((*after, *before)):
        old, new = before.get(name), after.get(name)
        if isinstance(old, list) or isinstance(new, list):
            if items := [item for item in new or () if item not in (old or ())]:
                found[name] = items
        elif not _same(old, new):
            found[name] = new
    return found


def _same(old: Any, new: Any) -> bool:
    if old == new or (old in (None, "") and new in (None, "")) or str(old) == str(new):
        return True
    try:
        return datetime.fromisoformat(old) == datetime.fromisoformat(new)
    except (TypeError, ValueError):
        return False
