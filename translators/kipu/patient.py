"""Patient in KIPU's patient document: the field table, on the names that KIPU's reads use.

KIPU knows one address and two phones; what it calls a contact is `Patient.contact`. Some fields it takes and never
shows again (`marital_status`, the employer): a pull remembers what we have sent of them (chart.py).
"""

from __future__ import annotations

from typing import Any

from gateway.canonical import IDENTIFIER_TYPE, SSN, US_CORE, extension_url
from gateway.translation.codec import CONCEPT_TEXT, DATE, Unreadable
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Each, Field, Pair, Record, Resource, Way
from translators.kipu.custom_fields import CUSTOM, CustomField
from translators.kipu.terms import (
    CONTACT_TYPE,
    COUNTRY,
    ETHNICITY,
    FULL_NAME,
    GENDER,
    LANGUAGE,
    MARITAL,
    ONE_LINE,
    RACE,
    RELATIONSHIP,
    SSN_DIGITS,
    WHEN,
)

NAME = "name[use=official|usual|]"
HOME = "address[use=home|]"
PHONE = "telecom[system=phone,rank:=1|,use=home||mobile|work].value"
SECOND_PHONE = "telecom[system=phone,rank:=2,use=|home|mobile|work].value"
FIRST_CONTACT = f"extension[url={extension_url('first-contact')}]"
PRONOUNS = "http://hl7.org/fhir/StructureDefinition/individual-pronouns"


def _typed(code: str) -> dict[str, str]:
    return {"type.coding.system": IDENTIFIER_TYPE, "type.coding.code": code}


def _given_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    first, middle = record.get("first_name"), record.get("middle_name") or ""
    if not isinstance(first, str) or not isinstance(middle, str):
        if first is None and not middle:
            return
        raise Unreadable("expected a first name as text")
    names = middle.split(" ")
    given = [first, *([middle] if "" in names else names)]
    if made := [name for name in given if name]:
        resource["name"] = [{"use": "official", "given": made}]


def _given_out(resource: Resource, record: Record, bindings: Bindings) -> None:
    names = resource.get("name", ())
    name: Resource = next((n for use in ("official", "usual", None) for n in names if n.get("use") == use), {})
    first, *middle = name.get("given") or [None]
    if first:
        record["first_name"] = first
    if middle:
        record["middle_name"] = " ".join(part for part in middle if part)


def _lines_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    lines = [record.get("address_street"), record.get("address_street2")]
    if any(line and not isinstance(line, str) for line in lines):
        raise Unreadable("expected address lines as text")
    if made := [line for line in lines if line]:
        resource["address"] = [{"use": "home", "line": made}]


def _lines_out(resource: Resource, record: Record, bindings: Bindings) -> None:
    places = resource.get("address", ())
    home: Resource = next((a for use in ("home", None) for a in places if a.get("use") == use), {})
    record.update(zip(("address_street", "address_street2"), home.get("line", ()), strict=False))


def _roles_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    roles = [RELATIONSHIP.decode(record["relationship"])] if record.get("relationship") else []
    kind = record.get("contact_type")
    if kind:
        roles.append({"coding": [{"system": CONTACT_TYPE, "code": kind}], "text": kind})
    if roles:
        resource["relationship"] = roles


def _roles_out(resource: Resource, record: Record, bindings: Bindings) -> None:
    for role in resource.get("relationship", ()):
        kinds = [coding for coding in role.get("coding", ()) if coding.get("system") == CONTACT_TYPE]
        if kinds:
            record.setdefault("contact_type", kinds[0].get("code"))
        elif "relationship" not in record:
            record["relationship"] = RELATIONSHIP.encode(role)


def _death_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    if record.get("date_of_death"):
        resource["deceasedDateTime"] = WHEN.decode(record["date_of_death"])


def _nothing_out(resource: Resource, record: Record, bindings: Bindings) -> None:
    """KIPU's staff record deaths; no API field takes them."""


CONTACT = (
    Field("full_name", "name", FULL_NAME),
    Pair(("relationship", "contact_type"), ("relationship",), _roles_in, _roles_out),
    Field("phone", PHONE),
    Field("alternative_phone", SECOND_PHONE),
    Field("email", "telecom[system=email].value"),
    Field("address", "address", ONE_LINE),
)

PATIENT = ResourceMap(
    "Patient",
    frozenset({Interaction.READ, Interaction.SEARCH, Interaction.CREATE, Interaction.UPDATE}),
    (
        Field("casefile_id", "identifier[system=$id].value", way=Way.READ),
        Field("mr_number", "identifier[system=$mr].value", way=Way.READ, having=_typed("MR")),
        Field("ssn", f"identifier[system={SSN}].value", SSN_DIGITS, having=_typed("SS")),
        Pair(("first_name", "middle_name"), (f"{NAME}.given",), _given_in, _given_out),
        Field("last_name", f"{NAME}.family"),
        Field("preferred_name", "name[use=nickname].given[0]"),
        Field("maiden_name", "name[use=maiden].family", way=Way.READ),
        Field("dob", "birthDate", DATE),
        Field("gender", "gender", GENDER),
        Field("marital_status", "maritalStatus", MARITAL),
        Field("phone", PHONE),
        Field("alternate_phone", SECOND_PHONE),
        Field("email", "telecom[system=email,use=home||work].value"),
        Pair(("address_street", "address_street2"), (f"{HOME}.line",), _lines_in, _lines_out),
        Field("address_city", f"{HOME}.city"),
        Field("state", f"{HOME}.state"),
        Field("address_zip", f"{HOME}.postalCode"),
        Field("address_country", f"{HOME}.country", COUNTRY),
        Field("race", f"extension[url={US_CORE}us-core-race].extension", RACE),
        Field("ethnicity", f"extension[url={US_CORE}us-core-ethnicity].extension", ETHNICITY),
        Field(
            "gender_identity",
            f"extension[url={US_CORE}us-core-genderIdentity].valueCodeableConcept",
            CONCEPT_TEXT,
            Way.READ,
        ),
        Field(
            "pronouns",
            f"extension[url={PRONOUNS}].extension[url=value].valueCodeableConcept",
            CONCEPT_TEXT,
            Way.READ,
        ),
        Field("preferred_language", "communication[preferred:=true|].language", LANGUAGE, Way.READ),
        Pair(("date_of_death",), ("deceasedBoolean", "deceasedDateTime"), _death_in, _nothing_out, Way.READ),
        Field("first_contact_name", f"{FIRST_CONTACT}.extension[url=name].valueString"),
        Field("first_contact_information", f"{FIRST_CONTACT}.extension[url=information].valueString"),
        Field("first_contact_relationship", f"{FIRST_CONTACT}.extension[url=relationship].valueString"),
        Field("first_contact_date", f"{FIRST_CONTACT}.extension[url=date].valueDateTime", WHEN),
        Field("first_contact_rep_on_call", f"{FIRST_CONTACT}.extension[url=representative].valueString"),
        Each("patient_contacts", "contact", CONTACT, key=("full_name",)),
        *(CustomField(name) for name in CUSTOM),
    ),
    search={
        "_id": "casefile_id",
        "identifier": "casefile_id, mr_number",
        "family": "last_name",
        "given": "first_name",
        "name": "first_name, last_name",
        "birthdate": "dob",
    },
    silent={
        "name.text": "repeats the parts of the name",
        "maritalStatus.text": "the code says the same",
        "maritalStatus.coding.display": "the code says the same",
        "address.text": "repeats the parts of the address",
        "contact.name.use": "KIPU takes the name of a contact in one line",
        "contact.name.given": "KIPU takes the name of a contact in one line",
        "contact.name.family": "KIPU takes the name of a contact in one line",
        "contact.address.line": "KIPU takes the address of a contact in one line",
        "contact.address.city": "KIPU takes the address of a contact in one line",
        "contact.address.state": "KIPU takes the address of a contact in one line",
        "contact.address.postalCode": "KIPU takes the address of a contact in one line",
        "contact.address.country": "KIPU takes the address of a contact in one line",
        "contact.address.use": "KIPU takes the address of a contact in one line",
    },
)


def ranked(patient: Resource) -> Resource:
    """The patient with two phones in order: where no phone is ranked second, the next one after the first is."""
    phones = [(i, t) for i, t in enumerate(patient.get("telecom", ())) if t.get("system") == "phone"]
    if len(phones) < 2 or any(telecom.get("rank") for _, telecom in phones):
        return patient
    order = sorted(phones, key=lambda item: _PREFERENCE.get(item[1].get("use"), len(_PREFERENCE)))
    telecom: list[Any] = list(patient["telecom"])
    for rank, (index, phone) in enumerate(order[:2], start=1):
        telecom[index] = {**phone, "rank": rank}
    return {**patient, "telecom": telecom}


_PREFERENCE = {"home": 0, None: 1, "mobile": 2, "work": 3}
