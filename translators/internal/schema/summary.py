"""The head of a clinical chart: what is known of a patient, in one answer."""

from __future__ import annotations

from pydantic import Field

from translators.internal.schema.alert import AlertOut
from translators.internal.schema.allergy import AllergyOut
from translators.internal.schema.disease import DiseaseOut
from translators.internal.schema.medication import MedicationOut
from translators.internal.schema.patient import AllergyReview
from translators.internal.schema.shapes import EntityRef, Out
from translators.internal.schema.values import ShownDate, ShownKey
from translators.internal.schema.vitals import VitalSignsOut


class SocialHistoryOut(Out):
    """The newest entry of one category."""

    id: ShownKey
    category: str
    value: str | None = None
    code: str | None = None
    date_recorded: ShownDate | None = None
    note: str | None = None


class MedicalSummaryOut(Out):
    """Everything that the head of a chart shows."""

    patient: EntityRef
    allergy_review_status: AllergyReview
    allergies: list[AllergyOut]
    active_problems: list[DiseaseOut]
    current_medications: list[MedicationOut]
    past_medications: list[MedicationOut]
    social_history: list[SocialHistoryOut]
    latest_vitals: VitalSignsOut | None = None
    alerts: list[AlertOut] | None = Field(default=None, description="Those that are active.")
    medical_urgent_note: str | None = None
    premedication_required: bool | None = None
