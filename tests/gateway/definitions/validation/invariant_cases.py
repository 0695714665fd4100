"""For each invariant an object that keeps it and one that breaks it, and nothing else: type → key → (kept, broken)."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
TERMS = "http://terminology.hl7.org/CodeSystem/"
URL = "https://example.org/x"
TEXT = {"text": "x"}
PATIENT = {"reference": "Patient/1"}
TYPED = {"resourceType": "Patient"}
REQUEST = {"method": "GET", "url": "Patient"}
RESPONSE = {"status": "200"}
COMPOSITION = {
    "resourceType": "Composition", "status": "final", "type": TEXT, "date": "2026", "author": [PATIENT], "title": "x",
}  # fmt: skip
HEADER = {"resourceType": "MessageHeader", "eventUri": URL, "source": {"endpoint": URL}}


def one_of(system: str, code: str) -> Object:
    return {"coding": [{"system": f"{TERMS}{system}", "code": code}]}


def of(resource_type: str, /, **elements: Any) -> Object:
    return {"resourceType": resource_type, **elements}


def bundle(type: str, /, *entries: Object, **elements: Any) -> Object:
    return of("Bundle", type=type, **elements, **({"entry": list(entries)} if entries else {}))


def item(type: str, **elements: Any) -> Object:
    return {"linkId": "1", "type": type, **elements}


def quantity(value: int, code: str | None = "d", system: str | None = UCUM) -> Object:
    return {"value": value, **({"code": code} if code else {}), **({"system": system} if system else {})}


ERRED = one_of("condition-ver-status", "entered-in-error")
ACTIVE = one_of("condition-clinical", "active")
ALLERGY_ERRED = one_of("allergyintolerance-verification", "entered-in-error")
ALLERGY_ACTIVE = one_of("allergyintolerance-clinical", "active")
CONDITION = of("Condition", subject=PATIENT, clinicalStatus=ACTIVE)
ALLERGY = of("AllergyIntolerance", patient=PATIENT)
OBSERVATION = of("Observation", status="final", code=TEXT)
CODED = {"coding": [{"system": "http://loinc.org", "code": "1-8"}]}
APPOINTMENT = of("Appointment", participant=[{"status": "accepted", "actor": PATIENT}])
MOMENTS = {"start": "2026-01-02T10:00:00Z", "end": "2026-01-02T11:00:00Z"}
DOCUMENT = {"timestamp": "2026-01-02T10:00:00Z", "identifier": {"system": URL, "value": "1"}}
COMPOSED = {"resource": COMPOSITION, "fullUrl": "urn:uuid:1"}
FAMILY = of("FamilyMemberHistory", status="completed", patient=PATIENT, relationship=TEXT)
LIST = of("List", status="current", mode="snapshot")
MEMBER = {"item": PATIENT}
DISPENSE = of("MedicationDispense", status="completed", medicationCodeableConcept=TEXT)
NAMING = of("NamingSystem", name="x", status="draft", kind="identifier", date="2026")
UUID, OID = {"type": "uuid", "value": "x"}, {"type": "oid", "value": "1.2"}
PARAMETER = of(
    "SearchParameter", url=URL, name="x", status="draft", description="x", code="x", base=["Patient"], type="string"
)
TASK = of("Task", status="requested", intent="order")
GROUP = of("Group", type="person", actual=True)
CONSENT = of("Consent", status="active", scope=TEXT, category=[TEXT])
SERVICE = of("ServiceRequest", status="active", intent="order", subject=PATIENT)
SYSTEM = of("CodeSystem", status="draft", content="complete")
WHEN = {"question": "1", "operator": "=", "answerString": "x"}
ANSWER = {"valueString": "x"}
UNITS: dict[str, tuple[Object, Object]] = {"qty-3": (quantity(1), quantity(1, system=None))}

CASES: dict[str, dict[str, tuple[Object, Object]]] = {
    "Extension": {
        "ext-1": ({"url": URL, "valueString": "x"}, {"url": URL}),
    },
    "Quantity": UNITS,
    "SimpleQuantity": UNITS,
    "Count": UNITS,
    "Age": {**UNITS, "age-1": (quantity(3), quantity(-3))},
    "Distance": {**UNITS, "dis-1": (quantity(1, "m"), quantity(1, None, None))},
    "Duration": {"qty-3": ({"value": 1}, {"value": 1, "code": "d"}), "drt-1": (quantity(1), quantity(1, system=URL))},
    "Period": {"per-1": ({"start": "2025", "end": "2026"}, {"start": "2026", "end": "2025"})},
    "Range": {
        "rng-2": ({"low": {"value": 1}, "high": {"value": 1}}, {"low": {"value": 2}, "high": {"value": 1}}),
    },
    "Ratio": {
        "rat-1": ({"numerator": {"value": 1}, "denominator": {"value": 2}}, {"numerator": {"value": 1}}),
    },
    "Attachment": {"att-1": ({"contentType": "text/plain", "data": "aGk="}, {"data": "aGk="})},
    "ContactPoint": {"cpt-2": ({"system": "phone", "value": "1"}, {"value": "1"})},
    "Expression": {
        "exp-1": ({"language": "text/cql", "expression": "x"}, {"language": "text/cql"}),
    },
    "Timing.repeat": {
        "tim-1": ({"duration": 1, "durationUnit": "h"}, {"duration": 1}),
        "tim-2": ({"period": 1, "periodUnit": "d"}, {"period": 1}),
        "tim-4": ({"duration": 0, "durationUnit": "h"}, {"duration": -1, "durationUnit": "h"}),
        "tim-5": ({"period": 0, "periodUnit": "d"}, {"period": -1, "periodUnit": "d"}),
        "tim-6": ({"period": 1, "periodUnit": "d", "periodMax": 2}, {"periodMax": 2}),
        "tim-7": ({"duration": 1, "durationUnit": "h", "durationMax": 2}, {"durationMax": 2}),
        "tim-8": ({"count": 1, "countMax": 2}, {"countMax": 2}),
        "tim-9": ({"offset": 5, "when": ["HS"]}, {"offset": 5, "when": ["C"]}),
        "tim-10": ({"when": ["HS"]}, {"when": ["HS"], "timeOfDay": ["10:00:00"]}),
    },
    "Patient.contact": {"pat-1": ({"name": TEXT}, {"gender": "other"})},
    "Organization": {
        "org-1": (of("Organization", name="x"), of("Organization", active=True)),
        "org-2": (
            of("Organization", name="x", address=[{"use": "work", "city": "x"}]),
            of("Organization", name="x", address=[{"use": "home", "city": "x"}]),
        ),
        "org-3": (
            of("Organization", name="x", telecom=[{"use": "work", "system": "phone", "value": "1"}]),
            of("Organization", name="x", telecom=[{"use": "home", "system": "phone", "value": "1"}]),
        ),
    },
    "Observation": {
        "obs-6": (
            {**OBSERVATION, "dataAbsentReason": TEXT},
            {**OBSERVATION, "dataAbsentReason": TEXT, "valueString": "x"},
        ),
        "obs-7": (
            {**OBSERVATION, "code": CODED, "valueString": "x", "component": [{"code": TEXT}]},
            {**OBSERVATION, "code": CODED, "valueString": "x", "component": [{"code": CODED}]},
        ),
    },
    "Observation.referenceRange": {"obs-3": (TEXT, {"type": TEXT})},
    "Condition": {
        "con-3": (
            {**CONDITION, "category": [one_of("condition-category", "problem-list-item")]},
            of("Condition", subject=PATIENT, category=[one_of("condition-category", "problem-list-item")]),
        ),
        "con-4": (
            {**CONDITION, "clinicalStatus": one_of("condition-clinical", "resolved"), "abatementDateTime": "2026"},
            {**CONDITION, "abatementDateTime": "2026"},
        ),
        "con-5": (
            of("Condition", subject=PATIENT, verificationStatus=ERRED),
            {**CONDITION, "verificationStatus": ERRED},
        ),
    },
    "Condition.stage": {"con-1": ({"summary": TEXT}, {"type": TEXT})},
    "Condition.evidence": {
        "con-2": ({"code": [TEXT]}, {"extension": [{"url": URL, "valueString": "x"}]}),
    },
    "AllergyIntolerance": {
        "ait-1": ({**ALLERGY, "clinicalStatus": ALLERGY_ACTIVE}, ALLERGY),
        "ait-2": (
            {**ALLERGY, "verificationStatus": ALLERGY_ERRED},
            {**ALLERGY, "verificationStatus": ALLERGY_ERRED, "clinicalStatus": ALLERGY_ACTIVE},
        ),
    },
    "Bundle": {
        "bdl-1": (bundle("searchset", total=0), bundle("collection", total=0)),
        "bdl-2": (
            bundle("searchset", {"resource": TYPED, "search": {"mode": "match"}}),
            bundle("collection", {"resource": TYPED, "search": {"mode": "match"}}),
        ),
        "bdl-3": (bundle("batch", {"request": REQUEST}), bundle("batch", {"resource": TYPED})),
        "bdl-4": (
            bundle("batch-response", {"response": RESPONSE}),
            bundle("batch-response", {"resource": TYPED}),
        ),
        "bdl-7": (
            bundle("collection", *({"fullUrl": f"urn:uuid:{n}", "resource": TYPED} for n in "12")),
            bundle("collection", *({"fullUrl": "urn:uuid:1", "resource": TYPED} for _ in "12")),
        ),
        "bdl-9": (bundle("document", COMPOSED, **DOCUMENT), bundle("document", COMPOSED, timestamp=MOMENTS["end"])),
        "bdl-10": (
            bundle("document", COMPOSED, **DOCUMENT),
            bundle("document", COMPOSED, identifier=DOCUMENT["identifier"]),
        ),
        "bdl-11": (bundle("document", COMPOSED, **DOCUMENT), bundle("document", {"resource": TYPED}, **DOCUMENT)),
        "bdl-12": (bundle("message", {"resource": HEADER}), bundle("message", {"resource": TYPED})),
    },
    "Bundle.entry": {
        "bdl-5": ({"resource": TYPED}, {"fullUrl": "urn:uuid:1"}),
        "bdl-8": (
            {"fullUrl": f"{URL}/Patient/1", "resource": TYPED},
            {"fullUrl": f"{URL}/Patient/1/_history/2", "resource": TYPED},
        ),
    },
    "CarePlan.activity": {
        "cpl-3": (
            {"detail": {"status": "completed"}},
            {"detail": {"status": "completed"}, "reference": {"reference": "Task/1"}},
        ),
    },
    "ServiceRequest": {
        "prr-1": ({**SERVICE, "code": TEXT, "orderDetail": [TEXT]}, {**SERVICE, "orderDetail": [TEXT]}),
    },
    "Immunization.education": {"imm-1": ({"documentType": "x"}, {"publicationDate": "2026"})},
    "QuestionnaireResponse.item": {
        "qrs-1": (
            {"linkId": "1", "answer": [ANSWER]},
            {"linkId": "1", "answer": [ANSWER], "item": [{"linkId": "2"}]},
        ),
    },
    "FamilyMemberHistory": {
        "fhs-1": ({**FAMILY, "ageString": "x"}, {**FAMILY, "ageString": "x", "bornString": "y"}),
        "fhs-2": ({**FAMILY, "ageString": "x", "estimatedAge": True}, {**FAMILY, "estimatedAge": True}),
    },
    "Group": {
        "grp-1": (
            {**GROUP, "member": [{"entity": PATIENT}]},
            {**GROUP, "actual": False, "member": [{"entity": PATIENT}]},
        ),
    },
    "Appointment.participant": {
        "app-1": ({"status": "accepted", "actor": PATIENT}, {"status": "accepted"}),
    },
    "Appointment": {
        "app-2": (
            {**APPOINTMENT, "status": "booked", **MOMENTS},
            {**APPOINTMENT, "status": "booked", "start": MOMENTS["start"]},
        ),
        "app-3": ({**APPOINTMENT, "status": "waitlist"}, {**APPOINTMENT, "status": "booked"}),
        "app-4": (
            {**APPOINTMENT, "status": "cancelled", "cancelationReason": TEXT},
            {**APPOINTMENT, "status": "booked", "cancelationReason": TEXT, **MOMENTS},
        ),
    },
    "AuditEvent.entity": {"sev-1": ({"name": "x"}, {"name": "x", "query": "aGk="})},
    "CodeSystem": {
        "csd-1": (
            {**SYSTEM, "concept": [{"code": "a", "concept": [{"code": "b"}]}]},
            {**SYSTEM, "concept": [{"code": "a", "concept": [{"code": "a"}]}]},
        ),
    },
    "ConceptMap.group.element.target": {
        "cmd-1": ({"equivalence": "inexact", "comment": "x"}, {"equivalence": "inexact"}),
    },
    "ConceptMap.group.unmapped": {
        "cmd-2": ({"mode": "fixed", "code": "x"}, {"mode": "fixed"}),
        "cmd-3": ({"mode": "other-map", "url": URL}, {"mode": "other-map"}),
    },
    "Consent": {"ppc-1": ({**CONSENT, "policyRule": TEXT}, CONSENT)},
    "Goal.target": {
        "gol-1": ({"measure": TEXT, "detailString": "x"}, {"detailString": "x"}),
    },
    "InsurancePlan": {"ipn-1": (of("InsurancePlan", name="x"), of("InsurancePlan", status="draft"))},
    "List": {
        "lst-1": ({**LIST, "emptyReason": TEXT}, {**LIST, "emptyReason": TEXT, "entry": [MEMBER]}),
        "lst-2": (
            {**LIST, "mode": "changes", "entry": [{**MEMBER, "deleted": True}]},
            {**LIST, "entry": [{**MEMBER, "deleted": True}]},
        ),
        "lst-3": (
            {**LIST, "mode": "working", "entry": [{**MEMBER, "date": "2026"}]},
            {**LIST, "entry": [{**MEMBER, "date": "2026"}]},
        ),
    },
    "MedicationAdministration.dosage": {"mad-1": ({"rateQuantity": {"value": 1}}, {"text": "x"})},
    "MedicationDispense": {
        "mdd-1": (
            {**DISPENSE, "whenPrepared": "2026-01-02", "whenHandedOver": "2026-01"},
            {**DISPENSE, "whenPrepared": "2026-01-02", "whenHandedOver": "2026-01-01"},
        ),
    },
    "NamingSystem": {
        "nsd-1": ({**NAMING, "uniqueId": [UUID]}, {**NAMING, "kind": "root", "uniqueId": [UUID]}),
        "nsd-2": (
            {**NAMING, "uniqueId": [{**UUID, "preferred": True}, {**OID, "preferred": True}]},
            {**NAMING, "uniqueId": [{**OID, "preferred": True}, {**OID, "preferred": True}]},
        ),
    },
    "Questionnaire": {
        "que-2": (
            of("Questionnaire", status="draft", item=[item("string"), item("string", linkId="2")]),
            of("Questionnaire", status="draft", item=[item("group", item=[item("string")])]),
        ),
    },
    "Questionnaire.item": {
        "que-1": (item("group", item=[item("string")]), item("group")),
        "que-3": (item("string", code=[{"code": "x"}]), item("display", code=[{"code": "x"}])),
        "que-4": (
            item("choice", answerOption=[ANSWER]),
            item("choice", answerOption=[ANSWER], answerValueSet=URL),
        ),
        "que-5": (item("choice", answerValueSet=URL), item("url", answerValueSet=URL)),
        "que-6": (item("string", required=True), item("display", required=True)),
        "que-8": (item("string", initial=[ANSWER]), item("display", initial=[ANSWER])),
        "que-9": (item("string", readOnly=True), item("display", readOnly=True)),
        "que-10": (item("string", maxLength=1), item("date", maxLength=1)),
        "que-11": (
            item("choice", answerOption=[{**ANSWER, "initialSelected": True}]),
            item("choice", answerOption=[ANSWER], initial=[ANSWER]),
        ),
        "que-12": (
            item("string", enableWhen=[WHEN] * 3, enableBehavior="all"),
            item("string", enableWhen=[WHEN] * 3),
        ),
        "que-13": (item("string", repeats=True, initial=[ANSWER] * 2), item("string", initial=[ANSWER] * 2)),
    },
    "Questionnaire.item.enableWhen": {
        "que-7": (
            {"question": "1", "operator": "exists", "answerBoolean": True},
            {"question": "1", "operator": "exists", "answerString": "x"},
        ),
    },
    "SearchParameter": {
        "spd-1": ({**PARAMETER, "xpath": "x", "xpathUsage": "normal"}, {**PARAMETER, "xpath": "x"}),
        "spd-2": ({**PARAMETER, "type": "reference", "chain": ["name"]}, {**PARAMETER, "chain": ["name"]}),
    },
    "Task": {
        "inv-1": (
            {**TASK, "authoredOn": "2026-01-01", "lastModified": "2026-01-01"},
            {**TASK, "authoredOn": "2026-01-02", "lastModified": "2026-01-01"},
        ),
    },
    "ValueSet.compose.include": {
        "vsd-1": ({"system": URL}, {"version": "1"}),
        "vsd-2": (
            {"system": URL, "concept": [{"code": "x"}]},
            {"valueSet": [URL], "concept": [{"code": "x"}]},
        ),
        "vsd-3": (
            {"system": URL, "concept": [{"code": "x"}]},
            {"system": URL, "concept": [{"code": "x"}], "filter": [{"property": "x", "op": "=", "value": "y"}]},
        ),
    },
    "ValueSet.expansion.contains": {
        "vsd-6": ({"display": "x", "abstract": True}, {"abstract": True}),
        "vsd-9": ({"display": "x", "abstract": True}, {"display": "x"}),
        "vsd-10": ({"system": URL, "code": "x"}, {"code": "x"}),
    },
}  # fmt: skip
