"""Synthetic documents in the form of the API's contract. None of these people exists."""

from __future__ import annotations

from gateway.translation.rows import Record

CLINIC = {"id": "0b0a4c1e-5f57-4a56-8a43-0a5b8f3f1c01", "name": "Harbor Street Clinic"}
_DENTIST = {"id": "5d0f8a52-7d38-4a6f-9c1b-2e7a1d9b6c02", "name": "Dr. Ines Calloway"}
_HYGIENIST = {"id": "a1d9c6f4-0b1e-4c62-8d5e-93c7b0e4fd03", "name": "Tomas Reyl"}
_EMPLOYER = {"id": "c7b2e8d0-4c2f-4f0e-b8a9-6f1d2e3c4b04", "name": "Quarry Lane Bakery"}
_GUARANTOR = {"id": "e9f1a3b5-7c8d-4e2f-a6b4-1c2d3e4f5a05", "name": "Odalys Fenwick-Marsh"}
_BILLING = {"id": "12c4d6e8-f0a2-4b4c-8d6e-8f0a2b4c6d06", "name": "Standard"}
_FEES = {"id": "34e6f8a0-b2c4-4d6e-9f8a-0b2c4d6e8f07", "name": "Usual and customary"}

FULL: Record = {
    "id": "6f9d2c3b-1e4a-4b5c-8d7e-9a0b1c2d3e08",
    "version": 7,
    "created_at": "2024-02-01T15:04:05Z",
    "updated_at": "2025-06-30T09:41:12.250000Z",
    "chart_number": "CH-20418",
    "social_security_number": "900-55-1234",
    "medicaid_id": "MCD0042871",
    "title": "Dr.",
    "first_name": "Philippa",
    "middle_name": "Jane Ottilie",
    "last_name": "Fenwick-Marsh",
    "preferred_name": "Pip",
    "salutation": "Dear Pip",
    "date_of_birth": "1987-11-05",
    "gender": "non_binary",
    "pronoun": "they_them",
    "marital_status": "domestic_partner",
    "preferred_language": "English",
    "status": "prospective",
    "mobile_phone": "+1 555 010 4477",
    "home_phone": "555-010-2211",
    "work_phone": "555-010-9900",
    "email": "pip.fenwick@example.org",
    "address_line1": "18 Tidewater Row",
    "address_line2": "Flat 3",
    "city": "Port Ellery",
    "state": "ME",
    "postal_code": "04099",
    "country": "US",
    "address_note": "Ring twice",
    "emergency_contact_name": "Odalys Fenwick-Marsh",
    "emergency_contact_phone": "555-010-3322",
    "primary_provider": _DENTIST,
    "secondary_provider": _HYGIENIST,
    "location": CLINIC,
    "employer": _EMPLOYER,
    "responsible_party": _GUARANTOR,
    "billing_type": _BILLING,
    "fee_schedule": _FEES,
    "billing_cycle_day": 15,
    "receives_email": True,
    "receives_sms": False,
    "preferred_contact_method": "text",
    "preferred_confirmation_method": "email",
    "consent_flags": 5,
    "allergy_review_status": "reviewed",
    "premedication_required": False,
    "appointment_module_note": "Prefers mornings",
    "ask_to_arrive_early_mins": 15,
    "treatment_notes": "Latex-free gloves",
    "medical_summary": "Seasonal rhinitis",
    "medical_urgent_note": "Carries an inhaler",
    "date_first_visit": "2024-02-14",
    "smoking_snomed": "266919005",
    "scheduling_restricted": False,
    "latest_vitals_date": "2025-06-12",
    "balance_total": "120.00",
    "balance_0_30": "20.00",
    "balance_31_60": "100.00",
    "balance_61_90": "0.00",
    "balance_over_90": "0.00",
    "estimated_balance": "80.00",
    "insurance_estimate": "40.00",
    "payment_plan_due": "0.00",
}
DECEASED: Record = {
    "id": "71a2b3c4-d5e6-4f70-8a9b-0c1d2e3f4a09",
    "version": 3,
    "created_at": "2019-05-20T08:00:00Z",
    "updated_at": "2023-01-17T21:30:00Z",
    "first_name": "Anselm",
    "last_name": "Okoro",
    "date_of_birth": "1941-03-29",
    "gender": "male",
    "marital_status": "widowed",
    "preferred_language": "ig-NG",
    "status": "deceased",
    "date_time_deceased": "2023-01-15T04:10:00Z",
    "address_line1": "4 Alder Court",
    "location": CLINIC,
}
ARCHIVED: Record = {
    "id": "82b3c4d5-e6f7-4081-9bac-1d2e3f4a5b10",
    "version": 12,
    "created_at": "2020-09-01T12:00:00Z",
    "updated_at": "2025-02-02T02:02:02Z",
    "deleted_at": "2025-02-02T02:02:02Z",
    "first_name": "Marisol",
    "last_name": "Quint",
    "gender": "prefer_not_to_say",
    "pronoun": "she_her",
    "status": "archived",
    "email": "marisol.quint@example.org",
    "receives_email": False,
    "allergy_review_status": "not_reviewed",
    "potential_duplicates": [],
}
PATIENTS: tuple[Record, ...] = (FULL, DECEASED, ARCHIVED)
ENTITIES: tuple[Record, ...] = (CLINIC, _DENTIST, _EMPLOYER, _BILLING)
