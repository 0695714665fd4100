"""Coverage and its subscriber: one element of a patient's `insurance`, whose subscriber is a person of their own."""

from __future__ import annotations

from gateway.canonical import COVERAGE_CLASS
from gateway.translation.codec import DATE
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource, Way
from translators.ritten.gone import CANCELLED
from translators.ritten.vocabulary import DAY, ORDER, PHONE, RELATIONSHIP, SEX, reference


def _read_relationship(record: Record, resource: Resource, bindings: Bindings) -> None:
    if record.get("relationship"):
        resource["relationship"] = RELATIONSHIP.decode(record["relationship"])
    elif record.get("notSubscriber") is False:
        resource["relationship"] = RELATIONSHIP.decode("Self")


def _write_relationship(resource: Resource, record: Record, bindings: Bindings) -> None:
    if relationship := resource.get("relationship"):
        record["relationship"] = RELATIONSHIP.encode(relationship)
        record["notSubscriber"] = record["relationship"] != "Self"


def _class(vendor: str, code: str) -> Field:
    return Field(vendor, f"class[type.coding.code={code}].value", having={"type.coding.system": COVERAGE_CLASS})


COVERAGE = ResourceMap(
    "Coverage",
    frozenset({Interaction.READ, Interaction.SEARCH, Interaction.CREATE, Interaction.UPDATE}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Field("payerId", "payor[0].reference", reference("Organization"), way=Way.READ),
        Field("memberIdentifier", "subscriberId"),
        Field("orderNumber", "order", ORDER),
        _class("groupNumber", "group"),
        _class("rxBIN", "rxbin"),
        _class("rxPCN", "rxpcn"),
        _class("rxGroup", "rxgroup"),
        Field("startDate", "period.start", DAY),
        Field("expirationDate", "period.end", DAY),
        Pair(("relationship", "notSubscriber"), ("relationship",), _read_relationship, _write_relationship),
        CANCELLED,
    ),
    constants={"status": "active"},
    search={"_id": "id", "patient": "id"},
    silent={"beneficiary": "the policy stands in the patient's own record"},
)

NAME = "name[use=official|usual|]"
HOME = "address[use=home|]"
SUBSCRIBER = ResourceMap(
    "RelatedPerson",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("firstName", f"{NAME}.given[0]"),
        Field("lastName", f"{NAME}.family"),
        Field("birthDate", "birthDate", DATE),
        Field("sex", "gender", SEX),
        Field("subscriberPhoneNumber", "telecom[system=phone].value", PHONE),
        Field("address", f"{HOME}.line[0]"),
        Field("city", f"{HOME}.city"),
        Field("state", f"{HOME}.state"),
        Field("postalCode", f"{HOME}.postalCode"),
    ),
    search={"_id": "id", "patient": "id"},
    silent={"patient": "the policy stands in the patient's own record", "name.text": "it repeats given and family"},
)
