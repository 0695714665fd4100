"""What KIPU's API does not take from us, by FHIR type, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

from translators.kipu.attachments import OTHER

CLINICAL = "KIPU's clinical record is written by its staff; the API takes none of it from a CRM"
OTHERWISE = "KIPU's API has no operation that takes it"

REFUSED: Mapping[str, str] = {
    "AllergyIntolerance": CLINICAL,
    "CarePlan": CLINICAL,
    "CareTeam": "KIPU's care teams are set in KIPU",
    "Communication": "KIPU keeps no log of a CRM's calls and messages",
    "Condition": CLINICAL,
    "Consent": "KIPU's consents are signed on its own forms",
    "DocumentReference": OTHER,
    "Flag": "KIPU's flags are set in KIPU",
    "Immunization": CLINICAL,
    "MedicationRequest": CLINICAL,
    "MedicationStatement": CLINICAL,
    "Observation": CLINICAL,
    "Procedure": CLINICAL,
    "RelatedPerson": "KIPU keeps contacts within the patient: write the person as Patient.contact as well",
    "ServiceRequest": "KIPU takes referrals as referrer and Discharging To of a stay, not as requests",
}
