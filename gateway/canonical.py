"""Canonical URLs: ours, in one constant, and those of the terminologies that mappings use."""

from __future__ import annotations

CANONICAL = "https://crosswalk.example/fhir/"

MARITAL_STATUS = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
COVERAGE_CLASS = "http://terminology.hl7.org/CodeSystem/coverage-class"
SUBSCRIBER_RELATIONSHIP = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
LOCATION_PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
ORGANIZATION_TYPE = "http://terminology.hl7.org/CodeSystem/organization-type"
RACE_AND_ETHNICITY = "urn:oid:2.16.840.1.113883.6.238"
SSN = "http://hl7.org/fhir/sid/us-ssn"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def extension_url(name: str) -> str:
    """The canonical URL of one of our own extensions."""
    return f"{CANONICAL}StructureDefinition/{name}"
