"""What of a patient's chart lies in lists of its own: each kind's place in the API, its table, how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from pydantic import BaseModel, ValidationError

from gateway.translation.lens import Lens, ResourceMap
from gateway.translation.rows import Bindings, Record, Resource, Unbound
from translators.internal import bodies
from translators.internal.alert import ALERT
from translators.internal.allergy import ALLERGY
from translators.internal.attribution import ATTRIBUTION, CATEGORY, INBOUND
from translators.internal.catalogue import ALLERGEN, COMMUNICATION_TYPE, DISEASE, DRUG
from translators.internal.communication import COMMUNICATION
from translators.internal.disease import DISEASE as PROBLEM
from translators.internal.documents import KINDS
from translators.internal.entity import EMPLOYER, PRACTITIONER, catalogue
from translators.internal.facts import DELETED_AT
from translators.internal.medication import MEDICATION
from translators.internal.relationship import RELATIONSHIP
from translators.internal.schema.alert import CreateAlertIn, UpdateAlertIn
from translators.internal.schema.allergy import CreateAllergyIn, UpdateAllergyIn
from translators.internal.schema.attribution import CreateAttributionIn, UpdateAttributionIn
from translators.internal.schema.communication import CreateCommunicationIn
from translators.internal.schema.disease import CreateDiseaseIn, UpdateDiseaseIn
from translators.internal.schema.medication import CreateMedicationIn, UpdateMedicationIn
from translators.internal.schema.relationship import CreateRelationshipIn, UpdateRelationshipIn
from translators.internal.schema.vitals import CreateVitalSignsIn, UpdateVitalSignsIn
from translators.internal.vitals import VITALS

BASE = "base_version"
DELETED = "deleted_at"
ARCHIVED_STATUS: Mapping[str, str] = {"status": "archived"}


_KNOWN: Mapping[str, frozenset[str]] = {
    kind.maps[0].type: frozenset(leaf.partition(".")[0].removesuffix("[]") for leaf in kind.leaves) for kind in KINDS
}


class Archiving(Enum):
    """How a record is put away."""

    PLAIN = "without a version"
    BY_VERSION = "with the version in the query"
    NEVER = "entries are append-only"


@dataclass(frozen=True, slots=True)
class Kind:
    """One list of a patient's chart."""

    place: str
    """In the path, below the patient."""
    title: str
    map: ResourceMap
    creates: type[BaseModel]
    updates: type[BaseModel] | None
    """None: what was entered stays as it is."""
    entities: Mapping[str, ResourceMap]
    """Field → the table of the entities that it names."""
    match: tuple[str, ...] = ()
    """FHIR paths by which a record that is not linked yet is known as one of the chart's own (`Part.match`)."""
    archiving: Archiving = Archiving.PLAIN
    catalogue: str = ""
    """The field whose entry of a catalogue a record needs."""
    searchable: str = ""
    """The list of that catalogue, where the API has one."""
    is_of: Callable[[Resource], bool] = lambda resource: True
    """Whether a resource of the type is one of these."""
    instead: str = ""
    """What to say of those that are not."""
    owner: str = "patient"
    """The field with the patient in whose list the record is."""
    whole: bool = True
    """Of a patient's chart here, the list has everything that the EMR has."""
    _create: tuple[str, ...] = field(init=False)
    _update: tuple[str, ...] = field(init=False)
    kept: frozenset[str] = field(init=False)
    """What an update cannot clear."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_create", tuple(self.creates.model_fields))
        names = self.updates.model_fields if self.updates else {}
        object.__setattr__(self, "_update", tuple(name for name in names if name != BASE))
        object.__setattr__(self, "kept", frozenset(name for name in self._update if not self._takes_null(name)))

    @property
    def known(self) -> frozenset[str]:
        """The fields that the API documents."""
        return _KNOWN[self.type]

    def _takes_null(self, name: str) -> bool:
        try:
            return self.updates is not None and bool(self.updates.model_validate({BASE: 1, name: None}))
        except ValidationError:
            return False

    @property
    def type(self) -> str:
        return self.map.type

    def bound(self, bindings: Bindings) -> Lens:
        return self.map.bound(bindings)

    def creating(self, record: Record) -> Record:
        """The body of a create."""
        return bodies.flat(record, self._create)

    def updating(self, record: Record) -> Record:
        """All that an update could say of the record."""
        return bodies.flat(record, self._update)

    @property
    def updated(self) -> tuple[str, ...]:
        return self._update

    @property
    def fixed(self) -> tuple[str, ...]:
        """What is given once, when the record is made."""
        return tuple(name for name in self._create if name not in self._update)


def _is_vital(resource: Resource) -> bool:
    concepts = resource.get("category", ())
    return any(coding.get("code") == "vital-signs" for each in concepts for coding in each.get("coding", ()))


def _is_inbound(resource: Resource) -> bool:
    codings = (coding for each in resource.get("category", ()) for coding in each.get("coding", ()))
    return any(coding.get("system") == CATEGORY and coding.get("code") == INBOUND for coding in codings)


def _is_of_patients(resource: Resource) -> bool:
    return any(each.get("url", "").endswith("/related-patient") for each in resource.get("extension", ()))


def _remote(map: ResourceMap, *more: Unbound) -> ResourceMap:
    """The live face reads patients only."""
    return replace(map, interactions=frozenset(), rows=(*map.rows, *more))


CHART: tuple[Kind, ...] = (
    Kind(
        "allergies",
        "allergy",
        _remote(ALLERGY),
        CreateAllergyIn,
        UpdateAllergyIn,
        {"allergy_definition": ALLERGEN},
        match=("code.text",),
        catalogue="allergy_definition",
    ),
    Kind(
        "diseases",
        "problem",
        _remote(PROBLEM),
        CreateDiseaseIn,
        UpdateDiseaseIn,
        {"disease_definition": DISEASE},
        match=("code.text", "onsetDateTime"),
        catalogue="disease_definition",
    ),
    Kind(
        "medications",
        "medication",
        _remote(MEDICATION),
        CreateMedicationIn,
        UpdateMedicationIn,
        {"medication_definition": DRUG, "provider": PRACTITIONER},
        match=("medicationCodeableConcept.text", "effectivePeriod.start"),
    ),
    Kind(
        "vital-signs",
        "vital signs",
        _remote(VITALS),
        CreateVitalSignsIn,
        UpdateVitalSignsIn,
        {"provider": PRACTITIONER},
        match=("effectiveDateTime",),
        is_of=_is_vital,
        instead="of observations the API takes vital signs only (category vital-signs)",
    ),
    Kind(
        "alerts",
        "alert",
        _remote(ALERT),
        CreateAlertIn,
        UpdateAlertIn,
        {"alert_definition": catalogue("alert-definition")},
        match=("code.text",),
        catalogue="alert_definition",
        searchable="patient-alert-definitions",
    ),
    Kind(
        "communication-logs",
        "log entry",
        _remote(COMMUNICATION),
        CreateCommunicationIn,
        None,
        {"communication_type": COMMUNICATION_TYPE, "created_by": PRACTITIONER},
        match=("payload[0].contentString", "sent"),
        archiving=Archiving.NEVER,
        whole=False,
    ),
    Kind(
        "referral-attributions",
        "attribution",
        # The API shows no archived attribution; that one is there no more is noted in a field of our own.
        _remote(ATTRIBUTION, DELETED_AT),
        CreateAttributionIn,
        UpdateAttributionIn,
        {"referral_source": EMPLOYER, "referral_partner": EMPLOYER, "provider": PRACTITIONER},
        archiving=Archiving.BY_VERSION,
        is_of=_is_inbound,
        instead="of orders the API takes the sources of a patient only (category inbound-referral)",
    ),
    Kind(
        "relationships",
        "relationship",
        _remote(RELATIONSHIP),
        CreateRelationshipIn,
        UpdateRelationshipIn,
        {},
        is_of=_is_of_patients,
        instead="the API relates patients to each other only: name the person's own Patient in `related-patient`",
        owner="from_patient",
        whole=False,  # a relationship lies in the list of the other patient than the one whose chart has it here
    ),
)
TYPES = frozenset(kind.type for kind in CHART)
OF_TYPE: Mapping[str, Kind] = {kind.type: kind for kind in CHART}


def gone(kind: Kind, moment: str) -> Record:
    """Laid over the record of one that its list does not have any more."""
    return dict(ARCHIVED_STATUS) if kind.place == "alerts" else {DELETED: moment}
