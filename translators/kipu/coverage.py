"""Coverage in an item of KIPU's `insurances`, and the subscriber as RelatedPerson.

What the items of a read are called is not published. The tables use the create's names (`policy_no`, `group_ID`); the
CRM's (`member_id`, `group_number`) are made those where a document comes in (calls.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.canonical import COVERAGE_CLASS, SSN
from gateway.translation.codec import DATE, Unreadable
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource, Way
from translators.kipu.terms import COPAY_TYPE, COUNTRY, DOLLARS, GENDER, KEY, SSN_DIGITS, TO_SUBSCRIBER, mapped

SELF_PAY = "pay"


def _class(code: str) -> str:
    return f"class[type.coding.code={code}].value"


CLASS_SYSTEM = {"type.coding.system": COVERAGE_CLASS}
COST_SYSTEM = {"type.coding.system": COPAY_TYPE}

COVERAGE = ResourceMap(
    "Coverage",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("id", "identifier[system=$id].value", KEY, Way.READ),
        Field("policy_no", "subscriberId"),
        Field("group_ID", _class("group"), having=CLASS_SYSTEM),
        Field("insurance_plan_type", _class("plan"), having=CLASS_SYSTEM),
        Field("rx_bin", _class("rxbin"), having=CLASS_SYSTEM),
        Field("rx_pcn", _class("rxpcn"), having=CLASS_SYSTEM),
        Field("rx_group", _class("rxgroup"), having=CLASS_SYSTEM),
        Field("insurance_company", "payor[0].display", mapped("payer")),
        Field("insurance_type", "type.text"),
        Field("subscriber_relationship", "relationship", TO_SUBSCRIBER),
        Field("co_payment", "costToBeneficiary[type.coding.code=copay].valueMoney", DOLLARS, having=COST_SYSTEM),
        Field("deductible", "costToBeneficiary[type.coding.code=deductible].valueMoney", DOLLARS, having=COST_SYSTEM),
    ),
    constants={"status": "active"},
    search={"_id": "id", "patient": "casefile_id", "beneficiary": "casefile_id"},
    silent={
        "beneficiary": "the policy lies in the patient's document",
        "payor.reference": "the payer is sent by name",
        "payor.type": "the payer is sent by name",
        "subscriber": "the subscriber is sent with the policy",
        "relationship.coding.display": "the code says the same",
        "relationship.text": "the code says the same",
        "class.type.coding.display": "the code says the same",
    },
)


def _name_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    parts = [record.get(f"subscriber_{part}_name") or "" for part in ("first", "middle", "last")]
    whole = record.get("subscriber_name") or ""
    if not all(isinstance(part, str) for part in (*parts, whole)):
        raise Unreadable("expected names as text")
    first, middle, last = parts
    given = [name for name in (first, middle) if name]
    made = {"given": given, "family": last, "text": whole}
    if kept := {name: value for name, value in made.items() if value}:
        resource["name"] = [kept]


def _name_out(resource: Resource, record: Record, bindings: Bindings) -> None:
    name = (resource.get("name") or [{}])[0]
    first, *middle = name.get("given") or [""]
    parts = {"first_name": first, "middle_name": " ".join(middle), "last_name": name.get("family")}
    parts["name"] = name.get("text")
    record.update({f"subscriber_{part}": value for part, value in parts.items() if value})


def _lines_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    lines = [record.get("subscriber_address_street"), record.get("subscriber_address_street2")]
    if any(line and not isinstance(line, str) for line in lines):
        raise Unreadable("expected address lines as text")
    if kept := [line for line in lines if line]:
        resource["address"] = [{"line": kept}]


def _lines_out(resource: Resource, record: Record, bindings: Bindings) -> None:
    names = ("subscriber_address_street", "subscriber_address_street2")
    record.update(zip(names, (resource.get("address") or [{}])[0].get("line", ()), strict=False))


SUBSCRIBER = ResourceMap(
    "RelatedPerson",
    frozenset(),
    (
        Pair(
            ("subscriber_first_name", "subscriber_middle_name", "subscriber_last_name", "subscriber_name"),
            ("name[0].given", "name[0].family", "name[0].text"),
            _name_in,
            _name_out,
        ),
        Field("subscriber_DOB", "birthDate", DATE),
        Field("subscriber_gender", "gender", GENDER),
        Field("subscriber_SSN", f"identifier[system={SSN}].value", SSN_DIGITS),
        Pair(("subscriber_address_street", "subscriber_address_street2"), ("address[0].line",), _lines_in, _lines_out),
        Field("subscriber_address_city", "address[0].city"),
        Field("subscriber_address_state", "address[0].state"),
        Field("subscriber_address_zip", "address[0].postalCode"),
        Field("subscriber_address_country", "address[0].country", COUNTRY),
    ),
    silent={
        "patient": "the subscriber lies in the patient's document",
        "active": "a subscriber counts while the policy does",
        "relationship": "sent as the policy's subscriber_relationship",
        "name.use": "KIPU takes one name of a subscriber",
        "address.use": "KIPU takes one address of a subscriber",
    },
)


def is_self_pay(coverage: Resource) -> bool:
    """mapping.md: self-pay is a Coverage of type `pay`."""
    return any(coding.get("code") == SELF_PAY for coding in coverage.get("type", {}).get("coding", ()))


def member_id(item: Mapping[str, Any]) -> str | None:
    found = item.get("policy_no")
    return str(found) if found else None


def coverage_key(casefile: str, item: Mapping[str, Any]) -> str | None:
    """KIPU's key of a policy; without one its member id within the casefile, since a family shares a policy."""
    if item.get("id") not in (None, ""):
        return str(item["id"])
    member = member_id(item)
    return f"{casefile}/{member}" if member else None
