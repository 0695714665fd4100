"""What US Core 6.1.0 asks of each type, as the tables of its public server tests have it: a group, a type."""

from __future__ import annotations

from dataclasses import dataclass, field

NPI = "http://hl7.org/fhir/sid/us-npi"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
TRANSMITTING = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
ORGANIZATION, PRACTITIONER = "us-core-organization", "us-core-practitioner"
ROLE, RELATED = "us-core-practitionerrole", "us-core-relatedperson"
TARGETS = {
    "Organization": ORGANIZATION, "Practitioner": PRACTITIONER, "PractitionerRole": ROLE, "RelatedPerson": RELATED,
}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """The tests of one type."""

    type: str
    profile: str
    searches: str
    """Each a combination, joined by +; the first is the one whose results the other tests take their values from."""
    params: dict[str, tuple[str, str]]
    """Name → what it finds (a data type), and where."""
    must_support: str
    slices: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """`path:name` → what tells the slice: the path of a code below it, its system, its value ("" is any)."""
    extensions: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict)
    """Path → the types of which at least one reference has to resolve, each to a resource of its profile."""
    includes: tuple[str, ...] = ()
    has_provenance: bool = True


GROUPS = [
    Group(
        "Patient", "us-core-patient",
        "_id identifier name birthdate+family family+gender birthdate+name gender+name death-date+family",
        {"_id": ("id", "id"), "identifier": ("Identifier", "identifier"), "name": ("HumanName", "name"),
         "family": ("string", "name.family"), "birthdate": ("date", "birthDate"), "gender": ("code", "gender"),
         "death-date": ("date", "deceasedDateTime")},
        """identifier identifier.system identifier.value name name.use name.family name.given name.suffix
           name.period.end telecom telecom.system telecom.value telecom.use gender birthDate deceasedDateTime address
           address.use address.line address.city address.state address.postalCode address.period.end communication
           communication.language""",
        extensions=("us-core-race", "us-core-ethnicity", "us-core-tribal-affiliation", "us-core-sex"),
    ),
    Group(
        "Coverage", "us-core-coverage", "patient", {"patient": ("Reference", "beneficiary")},
        """identifier identifier:memberid.type status type subscriberId beneficiary relationship period payor class
           class:group.value class:plan.value class:plan.name""",
        slices={"identifier:memberid": ("type.coding", f"{TERMINOLOGY}/v2-0203", "MB"),
                "class:group": ("type.coding", f"{TERMINOLOGY}/coverage-class", "group"),
                "class:plan": ("type.coding", f"{TERMINOLOGY}/coverage-class", "plan")},
        references={"beneficiary": "Patient", "payor": "Organization RelatedPerson"},
    ),
    Group(
        "Encounter", "us-core-encounter",
        "patient _id identifier patient+type class+patient patient+status date+patient patient+location "
        "patient+discharge-disposition",
        {"_id": ("id", "id"), "identifier": ("Identifier", "identifier"), "patient": ("Reference", "subject"),
         "type": ("CodeableConcept", "type"), "class": ("Coding", "class"), "status": ("code", "status"),
         "date": ("Period", "period"), "location": ("Reference", "location.location"),
         "discharge-disposition": ("CodeableConcept", "hospitalization.dischargeDisposition")},
        """identifier identifier.system identifier.value status class type subject participant participant.type
           participant.period participant.individual period reasonCode reasonReference hospitalization
           hospitalization.dischargeDisposition location location.location serviceProvider""",
        references={"subject": "Patient", "participant.individual": "Practitioner PractitionerRole RelatedPerson",
                    "serviceProvider": "Organization"},
    ),
    Group(
        "Organization", ORGANIZATION, "name address",
        {"name": ("string", "name"), "address": ("Address", "address")},
        """identifier identifier.system identifier.value active name telecom telecom.system telecom.value address
           address.line address.city address.state address.postalCode address.country""",
        slices={"identifier:NPI": ("", NPI, "")}, has_provenance=False,
    ),
    Group(
        "Practitioner", PRACTITIONER, "_id name identifier",
        {"_id": ("id", "id"), "name": ("HumanName", "name"), "identifier": ("Identifier", "identifier")},
        "identifier identifier.system identifier.value name name.family telecom telecom.system telecom.value",
        slices={"identifier:NPI": ("", NPI, "")}, has_provenance=False,
    ),
    Group(
        "PractitionerRole", ROLE, "practitioner specialty",
        {"practitioner": ("Reference", "practitioner"), "specialty": ("CodeableConcept", "specialty")},
        "practitioner organization code specialty location telecom telecom.system telecom.value endpoint",
        references={"practitioner": "Practitioner", "organization": "Organization"},
        includes=("PractitionerRole:practitioner", "PractitionerRole:endpoint"), has_provenance=False,
    ),
    Group(
        "Provenance", "us-core-provenance", "_id", {"_id": ("id", "id")},
        """target target.reference recorded agent agent.type agent.who agent.onBehalfOf agent:ProvenanceAuthor.type
           agent:ProvenanceTransmitter.type""",
        slices={
            "agent:ProvenanceAuthor": ("type.coding", f"{TERMINOLOGY}/provenance-participant-type", "author"),
            "agent:ProvenanceTransmitter": (
                "type.coding", TRANSMITTING, "transmitter"
            ),
        },
        references={"agent.who": "Organization Practitioner PractitionerRole RelatedPerson",
                    "agent.onBehalfOf": "Organization"},
        has_provenance=False,
    ),
    Group(
        "RelatedPerson", RELATED, "_id patient name patient+name",
        {"_id": ("id", "id"), "patient": ("Reference", "patient"), "name": ("HumanName", "name")},
        "active patient relationship name telecom address",
        references={"patient": "Patient"},
    ),
]  # fmt: skip
BY_TYPE = {group.type: group for group in GROUPS}
