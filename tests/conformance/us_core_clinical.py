"""Clinical resources of two people who never lived, and what US Core 6.1.0 asks to search them by."""

from __future__ import annotations

from typing import Any

from tests.conformance.us_core_chart import NUCC, SNOMED, TERMINOLOGY, Resource, concept, of, to
from tests.conformance.us_core_groups import Group

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
RXNORM, CVX = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/cvx"
CORE_CODES = "http://hl7.org/fhir/us/core/CodeSystem"
ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
QUESTIONNAIRE = "https://clinic.example/Questionnaire/moods"
SUBJECT = {"patient": ("Reference", "subject")}
PATIENT = {"patient": ("Reference", "patient")}
STATUS = {"status": ("code", "status")}
CODE = {"code": ("CodeableConcept", "code")}
CATEGORY = {"category": ("CodeableConcept", "category")}
CLINICAL_STATUS = {"clinical-status": ("CodeableConcept", "clinicalStatus")}
ENCOUNTER = {"encounter": ("Reference", "encounter")}
OF_OBSERVATIONS = "patient+code patient+code+date patient+category+status patient+category+date patient+category"


def of_observation(profile: str) -> Group:
    params = {**SUBJECT, **CODE, **CATEGORY, **STATUS, "date": ("date", "effectiveDateTime")}
    return Group("Observation", profile, OF_OBSERVATIONS, params, "")


CLINICAL = [
    Group("AllergyIntolerance", "us-core-allergyintolerance", "patient patient+clinical-status",
          {**PATIENT, **CLINICAL_STATUS}, ""),
    Group("CarePlan", "us-core-careplan",
          "patient+category patient+category+status patient+category+status+date patient+category+date",
          {**SUBJECT, **CATEGORY, **STATUS, "date": ("Period", "period")}, ""),
    Group("CareTeam", "us-core-careteam", "patient+status role patient+role",
          {**SUBJECT, **STATUS, "role": ("CodeableConcept", "participant.role")}, "",
          includes=("CareTeam:participant", "CareTeam:participant:Practitioner")),
    Group("Condition", "us-core-condition-encounter-diagnosis",
          "patient+category patient patient+recorded-date patient+asserted-date patient+category+clinical-status "
          "patient+onset-date patient+abatement-date patient+clinical-status patient+category+encounter patient+code",
          {**SUBJECT, **CATEGORY, **CLINICAL_STATUS, **CODE, **ENCOUNTER, "recorded-date": ("date", "recordedDate"),
           "asserted-date": ("date", "extension.valueDateTime"), "onset-date": ("date", "onsetDateTime"),
           "abatement-date": ("date", "abatementDateTime")}, ""),
    Group("Device", "us-core-implantable-device", "patient patient+type patient+status",
          {**PATIENT, **STATUS, "type": ("CodeableConcept", "type")}, ""),
    Group("DiagnosticReport", "us-core-diagnosticreport-lab",
          "patient+category patient patient+code+date patient+status patient+category+date patient+code",
          {**SUBJECT, **CATEGORY, **CODE, **STATUS, "date": ("date", "effectiveDateTime")}, ""),
    Group("DocumentReference", "us-core-documentreference",
          "patient _id patient+type patient+status patient+type+period patient+category+date patient+category",
          {**SUBJECT, **STATUS, **CATEGORY, "_id": ("id", "id"), "type": ("CodeableConcept", "type"),
           "period": ("Period", "context.period"), "date": ("date", "date")}, ""),
    Group("Goal", "us-core-goal", "patient patient+target-date patient+description patient+lifecycle-status",
          {**SUBJECT, "target-date": ("date", "target.dueDate"), "description": ("CodeableConcept", "description"),
           "lifecycle-status": ("code", "lifecycleStatus")}, ""),
    Group("Immunization", "us-core-immunization", "patient patient+date patient+status",
          {**PATIENT, **STATUS, "date": ("date", "occurrenceDateTime")}, ""),
    Group("MedicationDispense", "us-core-medicationdispense", "patient patient+status+type patient+status",
          {**SUBJECT, **STATUS, "type": ("CodeableConcept", "type")}, "",
          includes=("MedicationDispense:medication",)),
    Group("MedicationRequest", "us-core-medicationrequest",
          "patient+intent patient+intent+encounter patient+intent+status patient+intent+authoredon",
          {**SUBJECT, **STATUS, **ENCOUNTER, "intent": ("code", "intent"), "authoredon": ("date", "authoredOn")}, "",
          includes=("MedicationRequest:medication",)),
    *map(of_observation, ("us-core-heart-rate", "us-core-observation-lab", "us-core-smokingstatus")),
    Group("Procedure", "us-core-procedure", "patient patient+code+date patient+status patient+date",
          {**SUBJECT, **CODE, **STATUS, "date": ("date", "performedDateTime")}, ""),
    Group("QuestionnaireResponse", "us-core-questionnaireresponse",
          "patient _id patient+questionnaire patient+authored patient+status",
          {**SUBJECT, **STATUS, "_id": ("id", "id"), "questionnaire": ("id", "questionnaire"),
           "authored": ("date", "authored")}, ""),
    Group("ServiceRequest", "us-core-servicerequest",
          "patient _id patient+category+authored patient+status patient+category patient+code+authored patient+code",
          {**SUBJECT, **CATEGORY, **CODE, **STATUS, "_id": ("id", "id"), "authored": ("date", "authoredOn")}, ""),
    Group("Specimen", "us-core-specimen", "patient _id", {**SUBJECT, "_id": ("id", "id")}, ""),
]  # fmt: skip


def term(system: str, code: str) -> Resource:
    return concept(f"{TERMINOLOGY}/{system}", code, code)


def observation(name: str, profile: str, category: str, code: Resource, when: str, **more: Any) -> Resource:
    return of("Observation", name, profile, category=[term("observation-category", category)], code=code,
              effectiveDateTime=when, **{"status": "final", **more})  # fmt: skip


def chart_of(patient: str, year: int, ends: tuple[str, str, str, str]) -> list[Resource]:
    """One of each, a year apart; `ends` are the states of a request, a condition, a report and a goal."""
    who, encounter = {"subject": to("Patient", patient)}, {"encounter": to("Encounter", f"seen-{patient}")}
    day, moment = f"{year}-05-06", f"{year}-05-06T07:08:09Z"
    request, condition, report, goal = ends
    span = {"start": moment, "end": f"{year}-06-07T00:00:00Z"}
    pill = {"medicationReference": to("Medication", f"pill-{patient}")}
    carla = to("Practitioner", "carla")

    def named(resource_type: str, profile: str, **more: Any) -> Resource:
        return of(resource_type, f"clinical-{patient}", profile, **more)

    return [
        of("Encounter", f"seen-{patient}", "us-core-encounter", status="finished", period=span, **who,
           type=[concept(SNOMED, "185349003", "Encounter for check up")],
           **{"class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB"}}),
        of("Medication", f"pill-{patient}", "us-core-medication", code=concept(RXNORM, "314076", "lisinopril 10 MG")),
        named("AllergyIntolerance", "us-core-allergyintolerance", patient=who["subject"],
              clinicalStatus=term("allergyintolerance-clinical", "active" if year == 2021 else "inactive"),
              verificationStatus=term("allergyintolerance-verification", "confirmed"),
              code=concept(SNOMED, "91936005", "Allergy to penicillin")),
        named("CarePlan", "us-core-careplan", status=request, intent="plan", period=span, **who,
              text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Plan</div>'},
              category=[concept(f"{CORE_CODES}/careplan-category", "assess-plan", "Plan")]),
        named("CareTeam", "us-core-careteam", status="active" if year == 2021 else "inactive", **who,
              participant=[{"role": [concept(NUCC, "208D00000X", "Physician")], "member": carla}]),
        named("Condition", "us-core-condition-encounter-diagnosis", onsetDateTime=day, recordedDate=moment,
              abatementDateTime=f"{year}-07-08", extension=[{"url": ASSERTED, "valueDateTime": day}],
              clinicalStatus=term("condition-clinical", condition), **who, **encounter,
              verificationStatus=term("condition-ver-status", "confirmed"),
              category=[term("condition-category", "encounter-diagnosis")],
              code=concept(SNOMED, "193462001", "Insomnia")),
        named("Device", "us-core-implantable-device", patient=who["subject"], status="active",
              type=concept(SNOMED, "468063009", "Coated stent")),
        named("DiagnosticReport", "us-core-diagnosticreport-lab", status=report, effectiveDateTime=moment,
              issued=moment, category=[term("v2-0074", "LAB")], performer=[carla], **who,
              code=concept(LOINC, "24323-8", "Metabolic panel")),
        named("DocumentReference", "us-core-documentreference", status="current", date=moment, author=[carla],
              type=concept(LOINC, "11506-3", "Progress note"), context={"period": span}, **who,
              category=[concept(f"{CORE_CODES}/us-core-documentreference-category", "clinical-note", "Note")],
              content=[{"attachment": {"contentType": "text/plain", "data": "bm90ZQ=="}}]),
        named("Goal", "us-core-goal", lifecycleStatus=goal, target=[{"dueDate": day}], startDate=day, **who,
              description=concept(SNOMED, "281665002", "Sleeps well")),
        named("Immunization", "us-core-immunization", status="completed", patient=who["subject"], primarySource=True,
              occurrenceDateTime=moment, vaccineCode=concept(CVX, "140", "Influenza")),
        named("MedicationDispense", "us-core-medicationdispense", status="completed", whenHandedOver=moment, **who,
              **pill, type=term("v3-ActCode", "FF"), performer=[{"actor": carla}]),
        named("MedicationRequest", "us-core-medicationrequest", status=request, intent="order", authoredOn=moment,
              requester=carla, **who, **encounter, **pill),
        observation(f"pulse-{patient}", "us-core-heart-rate", "vital-signs", concept(LOINC, "8867-4", "Heart rate"),
                    moment, **who, valueQuantity={"value": 61, "unit": "/min", "system": UCUM, "code": "/min"}),
        observation(f"sodium-{patient}", "us-core-observation-lab", "laboratory", concept(LOINC, "2951-2", "Sodium"),
                    moment, **who, valueQuantity={"value": 140, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"}),
        observation(f"smokes-{patient}", "us-core-smokingstatus", "social-history",
                    concept(LOINC, "72166-2", "Tobacco smoking status"), day, **who,
                    valueCodeableConcept=concept(SNOMED, "266919005", "Never smoked tobacco")),
        named("Procedure", "us-core-procedure", status="completed", performedDateTime=moment, **who,
              code=concept(SNOMED, "73761001", "Colonoscopy")),
        named("QuestionnaireResponse", "us-core-questionnaireresponse", status="completed", authored=moment, **who,
              questionnaire=QUESTIONNAIRE, item=[{"linkId": "1", "answer": [{"valueString": "well"}]}]),
        named("ServiceRequest", "us-core-servicerequest", status=request, intent="order", authoredOn=moment, **who,
              category=[concept(SNOMED, "386053000", "Evaluation")], code=concept(LOINC, "24323-8", "Metabolic panel")),
        named("Specimen", "us-core-specimen", type=concept(SNOMED, "119297000", "Blood specimen"), **who),
    ]  # fmt: skip


ONE = chart_of("adela", 2021, ("active", "resolved", "final", "active"))
OTHER = chart_of("bertil", 2022, ("completed", "inactive", "amended", "completed"))
TRACE = of(
    "Provenance", "clinical", "us-core-provenance", recorded="2023-02-01T12:00:00Z",
    target=[{"reference": f"{each['resourceType']}/{each['id']}"} for each in ONE],
    agent=[{"type": term("provenance-participant-type", "author"), "who": to("Practitioner", "carla"),
            "onBehalfOf": to("Organization", "clinic")}],
)  # fmt: skip
