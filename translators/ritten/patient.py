"""Patient: Ritten's PatientDetail, field by field."""

from __future__ import annotations

from gateway.canonical import IDENTIFIER_TYPE, SSN, US_CORE, extension_url
from gateway.translation.codec import DATE, EMAIL
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Each, Field, Way
from translators.ritten.address import ADDRESS
from translators.ritten.plain import Plain
from translators.ritten.race import ETHNICITY, RACE
from translators.ritten.vocabulary import GENDER, LANGUAGE, MARITAL, PHONE, PRONOUNS, SEX, SSN_DIGITS, WORDS, reference

LEGAL = "name[use=official|usual|]"
PRONOUN = "http://hl7.org/fhir/StructureDefinition/individual-pronouns"
GENDER_IDENTITY = f"{US_CORE}us-core-genderIdentity"
GENDER_DETAIL = extension_url("gender-detail")

PATIENT = ResourceMap(
    "Patient",
    frozenset({Interaction.READ, Interaction.SEARCH, Interaction.CREATE, Interaction.UPDATE}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Field(
            "mrn",
            "identifier[system=$mr].value",
            way=Way.READ,
            having={"type.coding.code": "MR", "type.coding.system": IDENTIFIER_TYPE},
        ),
        Field("ssn", f"identifier[system={SSN}].value", SSN_DIGITS, way=Way.WRITE),
        Field("name.first", f"{LEGAL}.given[0]"),
        Field("name.middle", f"{LEGAL}.given[1:]", WORDS),
        Field("name.last", f"{LEGAL}.family"),
        Field("name.chosenName", "name[use=nickname].given[0]"),
        Field("name.pronouns", f"extension[url={PRONOUN}].extension[url=value].valueCodeableConcept", PRONOUNS),
        Field("dob", "birthDate", DATE),
        Field("demographics.sex", "gender", SEX),
        Field("demographics.maritalStatus", "maritalStatus", MARITAL),
        Field("demographics.preferredLanguage", "communication[preferred:=true|].language", LANGUAGE),
        RACE.row(),
        ETHNICITY.row(),
        Plain("demographics.gender", "extension", "valueCodeableConcept", GENDER, {"url": GENDER_IDENTITY}),
        Field("demographics.genderDetail", f"extension[url={GENDER_DETAIL}].valueString"),
        Plain("phones", "telecom", codec=PHONE, constants={"system": "phone"}),
        Plain("emails", "telecom", codec=EMAIL, constants={"system": "email"}),
        Each("addresses", "address", ADDRESS, key=("use",)),
        Field(
            "careTeam.primaryClinicianId",
            "generalPractitioner[0].reference",
            reference("Practitioner"),
            way=Way.READ,
        ),
    ),
    search={"_id": "id", "identifier": "externalId", "page": "offset"},
    silent={"name.text": "it repeats given and family"},
)
