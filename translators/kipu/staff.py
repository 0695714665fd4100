"""KIPU's lists of who works there, who refers, who pays and which levels of care there are, as FHIR.

KIPU documents these lists without the fields of their items. The tables use the names that KIPU's other documents use
for the same facts; README.md says so. A user and a provider of one number are two records, so their numbers are told
apart in the identifier.
"""

from __future__ import annotations

from gateway.canonical import IDENTIFIER_TYPE, ORGANIZATION_TYPE
from gateway.translation.codec import BOOLEAN, CONCEPT_TEXT, Codec, Unreadable
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource, Unbound, Way
from translators.kipu.terms import COUNTRY, KEY, mapped

NPI = "http://hl7.org/fhir/sid/us-npi"
NPI_TYPE = {"type.coding.system": IDENTIFIER_TYPE, "type.coding.code": "NPI"}
PHONE = "telecom[system=phone].value"
EMAIL = "telecom[system=email].value"
FAX = "telecom[system=fax].value"


def _numbered(kind: str) -> Codec:
    def encode(value: str) -> int | str:
        number = value.removeprefix(f"{kind}:")
        if number == value:
            raise Unreadable(f"expected the key of a {kind}")
        key: int | str = KEY.encode(number)
        return key

    return Codec(lambda value: f"{kind}:{KEY.decode(value)}", encode, "integer")


def _given_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    names = [record.get(name) or "" for name in ("first_name", "middle_name")]
    if not all(isinstance(name, str) for name in names):
        raise Unreadable("expected names as text")
    if given := [name for name in names if name]:
        resource["name"] = [{"use": "official", "given": given}]


def _not_written(resource: Resource, record: Record, bindings: Bindings) -> None:
    """Read only: no call of KIPU's API writes these lists."""


def _practitioner(kind: str, *more: Unbound) -> ResourceMap:
    name = "name[use=official]"
    rows: tuple[Unbound, ...] = (
        Field("id", "identifier[system=$id].value", _numbered(kind), Way.READ),
        Pair(("first_name", "middle_name"), (f"{name}.given",), _given_in, _not_written, Way.READ),
        Field("last_name", f"{name}.family", way=Way.READ),
        Field("credentials", f"{name}.suffix[0]", way=Way.READ),
        Field("npi", f"identifier[system={NPI}].value", KEY, Way.READ, NPI_TYPE),
        Field("email", EMAIL, way=Way.READ),
        Field("phone", PHONE, way=Way.READ),
        Field("enabled", "active", BOOLEAN, Way.READ),
    )
    return ResourceMap("Practitioner", frozenset(), (*rows, *more))


def _role(*more: Unbound) -> ResourceMap:
    rows: tuple[Unbound, ...] = (
        Field("title", "code[0]", CONCEPT_TEXT, Way.READ),
        Field("enabled", "active", BOOLEAN, Way.READ),
    )
    return ResourceMap("PractitionerRole", frozenset(), (*rows, *more))


USER = _practitioner("user")
PROVIDER = _practitioner("provider", Field("fax", FAX, way=Way.READ))
USER_ROLE = _role()
PROVIDER_ROLE = _role(Field("specialty", "specialty[0]", CONCEPT_TEXT, Way.READ))


def _organization(code: str, display: str, name: Field) -> ResourceMap:
    coding = {"system": ORGANIZATION_TYPE, "code": code, "display": display}
    rows: tuple[Unbound, ...] = (
        Field("id", "identifier[system=$id].value", KEY, Way.READ),
        name,
        Field("phone", PHONE, way=Way.READ),
        Field("fax", FAX, way=Way.READ),
        Field("email", EMAIL, way=Way.READ),
        Field("address_street", "address[0].line[0]", way=Way.READ),
        Field("address_city", "address[0].city", way=Way.READ),
        Field("address_state", "address[0].state", way=Way.READ),
        Field("address_zip", "address[0].postalCode", way=Way.READ),
        Field("address_country", "address[0].country", COUNTRY, Way.READ),
        Field("enabled", "active", BOOLEAN, Way.READ),
    )
    return ResourceMap("Organization", frozenset(), rows, {"type": [{"coding": [coding]}]})


LISTED_REFERRER = _organization("other", "Other", Field("name", "name", way=Way.READ))
LISTED_PAYER = _organization("pay", "Payer", Field("name", "name", mapped("payer"), Way.READ))

CARE_LEVEL = ResourceMap(
    "HealthcareService",
    frozenset(),
    (
        Field("id", "identifier[system=$id].value", KEY, Way.READ),
        Field("name", "name", way=Way.READ),
        Field("enabled", "active", BOOLEAN, Way.READ),
    ),
    {"category": [{"text": "Level of care"}]},
)
