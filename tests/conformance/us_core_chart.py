"""People who never lived, with every element that US Core 6.1.0 must support: what its server tests need to find."""

from __future__ import annotations

from typing import Any

Resource = dict[str, Any]
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
NPI = "http://hl7.org/fhir/sid/us-npi"
NUCC = "http://nucc.org/provider-taxonomy"
SNOMED = "http://snomed.info/sct"
OMB = "urn:oid:2.16.840.1.113883.6.238"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UNKNOWN = {"system": f"{TERMINOLOGY}/data-absent-reason", "code": "unknown", "display": "Unknown"}


def of(resource_type: str, id: str, profile: str | None = None, **more: Any) -> Resource:
    claimed = {"meta": {"profile": [f"{US_CORE}/{profile}"]}} if profile else {}
    return {"resourceType": resource_type, "id": f"uscore-{id}", **claimed, **more}


def to(type: str, id: str) -> dict[str, str]:
    return {"reference": f"{type}/uscore-{id}"}


def concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def contact(phone: str) -> list[Resource]:
    return [{"system": "phone", "value": phone, "use": "work"}]


def told(part: str, code: str, display: str) -> list[Resource]:
    """The extension of race or ethnicity."""
    coding = {"system": OMB, "code": code, "display": display}
    return [{"url": part, "valueCoding": coding}, {"url": "text", "valueString": display}]


WORK = [{"line": ["200 Test Avenue"], "city": "Boston", "state": "MA", "postalCode": "02118", "country": "US"}]
AFFILIATION = concept(
    f"{TERMINOLOGY}/v3-TribalEntityUS", "187", "Paiute-Shoshone Tribe of the Fallon Reservation and Colony"
)

PATIENTS = [
    of(
        "Patient", "adela", "us-core-patient",
        extension=[
            {"url": f"{US_CORE}/us-core-race", "extension": told("ombCategory", "2028-9", "Asian")},
            {"url": f"{US_CORE}/us-core-ethnicity", "extension": told("ombCategory", "2186-5", "Not Hispanic")},
            {"url": f"{US_CORE}/us-core-tribal-affiliation",
             "extension": [{"url": "tribalAffiliation", "valueCodeableConcept": AFFILIATION}]},
            {"url": f"{US_CORE}/us-core-sex", "valueCode": "248152002"},
        ],
        identifier=[{"system": "https://clinic.example/mr", "value": "US-0001"}],
        name=[
            {"use": "official", "family": "Quillfeather", "given": ["Adela", "Jean"], "suffix": ["PhD"]},
            {"use": "old", "family": "Tamsin", "given": ["Adela"], "period": {"end": "2011-06-01"}},
        ],
        telecom=[{"system": "phone", "value": "617-555-0111", "use": "home"}],
        gender="female", birthDate="1961-03-17", deceasedDateTime="2023-11-30T04:15:00-05:00",
        address=[
            {"use": "home", "line": ["1 Invented Street"], "city": "Boston", "state": "MA", "postalCode": "02118"},
            {"use": "old", "line": ["9 Gone Lane"], "city": "Salem", "state": "MA", "postalCode": "01970",
             "period": {"end": "2015-02-28"}},
        ],
        communication=[{"language": concept("urn:ietf:bcp:47", "en", "English")}],
    ),
    of(
        "Patient", "bertil", "us-core-patient",
        identifier=[{"system": "https://clinic.example/mr", "value": "US-0002"}],
        name=[{"family": "Ömansson, the younger", "given": ["Bertil"]}], gender="male", birthDate="1990-12-31",
    ),
    of(
        "Patient", "nameless", "us-core-patient",
        identifier=[{"system": "https://clinic.example/mr", "value": "US-0003"}],
        name=[{"extension": [{"url": ABSENT, "valueCode": "unknown"}]}], gender="unknown",
    ),
]  # fmt: skip

PROVIDERS = [
    of(
        "Organization", "clinic", "us-core-organization", active=True, name="Invented Clinic",
        identifier=[{"system": NPI, "value": "1234567893"}], telecom=contact("617-555-0190"), address=WORK,
    ),
    of(
        "Organization", "payer", "us-core-organization", active=True, name="Imaginary Mutual",
        identifier=[{"system": NPI, "value": "1245319599"}], telecom=contact("617-555-0191"), address=WORK,
    ),
    of(
        "Practitioner", "carla", "us-core-practitioner", identifier=[{"system": NPI, "value": "1750385936"}],
        name=[{"family": "Dandelion", "given": ["Carla"]}], telecom=contact("617-555-0192"), address=WORK,
    ),
    of("Practitioner", "dimitri", "us-core-practitioner", identifier=[{"system": NPI, "value": "1528060837"}],
       name=[{"family": "Fencepost", "given": ["Dimitri"]}]),
    of("Location", "ward", name="Ward of tests", status="active"),
    of("Endpoint", "mail", status="active", address="https://clinic.example/direct",
       connectionType={"system": f"{TERMINOLOGY}/endpoint-connection-type", "code": "direct-project"},
       payloadType=[concept(f"{TERMINOLOGY}/endpoint-payload-type", "any", "Any")]),
    of(
        "PractitionerRole", "carla-at-clinic", "us-core-practitionerrole", practitioner=to("Practitioner", "carla"),
        organization=to("Organization", "clinic"), code=[concept(NUCC, "208D00000X", "General Practice Physician")],
        specialty=[concept(NUCC, "208D00000X", "General Practice Physician")], location=[to("Location", "ward")],
        telecom=contact("617-555-0193"), endpoint=[to("Endpoint", "mail")],
    ),
    of(
        "PractitionerRole", "dimitri-at-clinic", "us-core-practitionerrole", practitioner=to("Practitioner", "dimitri"),
        organization=to("Organization", "clinic"), code=[concept(NUCC, "103T00000X", "Psychologist")],
        specialty=[concept(NUCC, "103T00000X", "Psychologist")], telecom=contact("617-555-0194"),
    ),
]  # fmt: skip


def participant(type: str, id: str) -> Resource:
    attending = concept(f"{TERMINOLOGY}/v3-ParticipationType", "ATND", "attender")
    return {"type": [attending], "period": {"start": "2023-01-10T09:00:00-05:00"}, "individual": to(type, id)}


def encounter(id: str, patient: str, start: str, end: str, status: str, kind: Resource, **more: Any) -> Resource:
    return of(
        "Encounter", id, "us-core-encounter", status=status, subject=to("Patient", patient), type=[kind],
        period={"start": start, "end": end}, **more,
        identifier=[{"system": "https://clinic.example/visit", "value": id}],
    )  # fmt: skip


INPATIENT = {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "IMP", "display": "inpatient encounter"}
AMBULATORY = {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB", "display": "ambulatory"}


def coverage(id: str, member: str, payor: Resource) -> Resource:
    number = concept(f"{TERMINOLOGY}/v2-0203", "MB", "Member Number")
    group, plan = (concept(f"{TERMINOLOGY}/coverage-class", kind, kind.title()) for kind in ("group", "plan"))
    classes = [{"type": group, "value": "GRP-7"}, {"type": plan, "value": "PLN-3", "name": "Full Plan"}]
    return of(
        "Coverage", id, "us-core-coverage", status="active", subscriberId="SUB-9", beneficiary=to("Patient", "adela"),
        identifier=[{"type": number, "system": "https://payer.example", "value": member}],
        type=concept(f"{TERMINOLOGY}/v3-ActCode", "EHCPOL", "extended healthcare"),
        relationship=concept(f"{TERMINOLOGY}/subscriber-relationship", "self", "Self"),
        period={"start": "2023-01-01", "end": "2023-12-31"}, payor=[payor], **{"class": classes},
    )  # fmt: skip


CHART = [
    of(
        "RelatedPerson", "egon", "us-core-relatedperson", active=True, patient=to("Patient", "adela"),
        relationship=[concept(f"{TERMINOLOGY}/v3-RoleCode", "SPS", "spouse")],
        name=[{"family": "Quillfeather", "given": ["Egon"]}], telecom=contact("617-555-0112"), address=WORK,
    ),
    of("RelatedPerson", "frida", "us-core-relatedperson", active=True, patient=to("Patient", "bertil"),
       relationship=[concept(f"{TERMINOLOGY}/v3-RoleCode", "SIS", "sister")], name=[{"family": "Ömansson"}]),
    of(
        "Condition", "insomnia", code=concept(SNOMED, "193462001", "Insomnia"), subject=to("Patient", "adela"),
        meta={"profile": [f"{US_CORE}/us-core-condition-problems-health-concerns"]},
        clinicalStatus=concept(f"{TERMINOLOGY}/condition-clinical", "active", "Active"),
        category=[concept(f"{TERMINOLOGY}/condition-category", "problem-list-item", "Problem List Item")],
    ),
    coverage("card", "MEM-9", to("Organization", "payer")),
    coverage("card-of-spouse", "MEM-10", to("RelatedPerson", "egon")),
    encounter(
        "stay", "adela", "2023-01-10T09:00:00-05:00", "2023-01-14T11:30:00-05:00", "finished",
        concept(SNOMED, "183452005", "Emergency hospital admission"), **{"class": INPATIENT},
        participant=[participant("Practitioner", "carla"), participant("PractitionerRole", "carla-at-clinic"),
                     participant("RelatedPerson", "egon")],
        reasonCode=[concept(SNOMED, "193462001", "Insomnia")], reasonReference=[to("Condition", "insomnia")],
        hospitalization={"dischargeDisposition": concept(f"{TERMINOLOGY}/discharge-disposition", "home", "Home")},
        location=[{"location": to("Location", "ward")}], serviceProvider=to("Organization", "clinic"),
    ),
    encounter("visit", "adela", "2022-05-02T08:00:00Z", "2022-05-02T08:30:00Z", "cancelled", {"coding": [UNKNOWN]},
              **{"class": AMBULATORY}),
    encounter("other", "bertil", "2023-01-10T10:00:00Z", "2023-01-10T11:00:00Z", "planned",
              concept(SNOMED, "185349003", "Encounter for check up"), **{"class": AMBULATORY}),
]  # fmt: skip


def agent(kind: Resource, type: str, id: str) -> Resource:
    return {"type": kind, "who": to(type, id), "onBehalfOf": to("Organization", "clinic")}


AUTHOR = concept(f"{TERMINOLOGY}/provenance-participant-type", "author", "Author")
SENDER = concept(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter", "Transmitter"
)
TRACED = [resource for resource in PATIENTS + CHART if resource["resourceType"] != "Condition"]

PROVENANCE = of(
    "Provenance", "all", "us-core-provenance", recorded="2023-02-01T12:00:00.123Z",
    target=[{"reference": f"{resource['resourceType']}/{resource['id']}"} for resource in TRACED],
    agent=[
        agent(AUTHOR, "Practitioner", "carla"), agent(AUTHOR, "PractitionerRole", "carla-at-clinic"),
        agent(AUTHOR, "RelatedPerson", "egon"), agent(SENDER, "Organization", "clinic"),
    ],
)  # fmt: skip

EVERYTHING = [*PATIENTS, *PROVIDERS, *CHART, PROVENANCE]
