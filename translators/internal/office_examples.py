"""Synthetic records of the office: alerts, correspondence, relationships, referrals, the practice's own catalogues."""

from __future__ import annotations

from decimal import Decimal

from gateway.translation.rows import Record

_PIP = {"id": "6f9d2c3b-1e4a-4b5c-8d7e-9a0b1c2d3e08", "name": "Philippa Fenwick-Marsh"}
_ODALYS = {"id": "e9f1a3b5-7c8d-4e2f-a6b4-1c2d3e4f5a05", "name": "Odalys Fenwick-Marsh"}
_CALLOWAY = {"id": "5d0f8a52-7d38-4a6f-9c1b-2e7a1d9b6c02", "name": "Dr. Ines Calloway"}
_STORE = {"version": 2, "created_at": "2025-04-01T09:00:00Z", "updated_at": "2025-04-02T10:30:00.500000Z"}

ALERTS: tuple[Record, ...] = (
    {
        "id": "b1a1c0de-0001-4a6f-9c1b-2e7a1d9b6c11",
        **_STORE,
        "patient": _PIP,
        "alert_definition": {"id": "b1a1c0de-0002-4a6f-9c1b-2e7a1d9b6c12", "name": "Needs an interpreter"},
        "alert_scope": "family",
        "status": "disabled",
        "is_urgent": True,
        "note": "Ask for the afternoon desk",
        "disable_on": "2026-01-31",
        "date_disabled": "2025-12-20T16:20:00Z",
        "created_by": 41,
    },
    {
        "id": "b1a1c0de-0003-4a6f-9c1b-2e7a1d9b6c13",
        **_STORE,
        "patient": _ODALYS,
        "alert_definition": None,
        "alert_scope": "patient",
        "status": "archived",
        "is_urgent": False,
    },
    {
        "id": "b1a1c0de-0004-4a6f-9c1b-2e7a1d9b6c14",
        **_STORE,
        "patient": _PIP,
        "alert_definition": {"id": "b1a1c0de-0005-4a6f-9c1b-2e7a1d9b6c15", "name": "Fall risk"},
        "alert_scope": "patient",
        "status": "active",
        "is_urgent": False,
    },
)
COMMUNICATIONS: tuple[Record, ...] = (
    {
        "id": "c0a1c0de-0001-4a6f-9c1b-2e7a1d9b6c21",
        "created_at": "2025-04-01T09:00:00Z",
        "patient": _PIP,
        "communication_datetime": "2025-04-01T08:55:00-04:00",
        "direction": "sent",
        "mode": "text",
        "note": "Reminder of the visit on Monday",
        "communication_type": {"id": "c0a1c0de-0002-4a6f-9c1b-2e7a1d9b6c22", "name": "Reminder"},
        "communication_source": "automated",
        "appointment": {"id": "c0a1c0de-0003-4a6f-9c1b-2e7a1d9b6c23", "name": "Cleaning"},
        "created_by": _CALLOWAY,
    },
    {
        "id": "c0a1c0de-0004-4a6f-9c1b-2e7a1d9b6c24",
        "created_at": "2025-04-03T11:00:00Z",
        "patient": _PIP,
        "communication_datetime": "2025-04-03T10:59:12.250000Z",
        "direction": "received",
        "mode": "phone",
        "note": "Called back and will come",
        "communication_source": "user",
    },
    {
        "id": "c0a1c0de-0005-4a6f-9c1b-2e7a1d9b6c25",
        "created_at": "2025-04-04T11:00:00Z",
        "patient": _ODALYS,
        "communication_datetime": "2025-04-04T11:00:00Z",
        "direction": "neither",
        "mode": "in_person",
        "communication_source": "integration",
    },
    {
        "id": "c0a1c0de-0006-4a6f-9c1b-2e7a1d9b6c26",
        "created_at": "2025-04-05T11:00:00Z",
        "patient": _ODALYS,
        "communication_datetime": "2025-04-05T11:00:00Z",
        "communication_source": "user",
    },
)
RELATIONSHIPS: tuple[Record, ...] = (
    {
        "id": "d0a1c0de-0001-4a6f-9c1b-2e7a1d9b6c31",
        **_STORE,
        "from_patient": _ODALYS,
        "from_patient_name": "Odalys Fenwick-Marsh",
        "to_patient": _PIP,
        "to_patient_name": "Philippa Fenwick-Marsh",
        "relationship_type": "parent",
        "is_guardian": True,
        "note": "Signs for both",
    },
    {
        "id": "d0a1c0de-0002-4a6f-9c1b-2e7a1d9b6c32",
        **_STORE,
        "deleted_at": "2025-04-02T10:30:00.500000Z",
        "from_patient": _PIP,
        "to_patient": _ODALYS,
        "relationship_type": "caregiver",
        "is_guardian": False,
    },
    {
        "id": "d0a1c0de-0003-4a6f-9c1b-2e7a1d9b6c33",
        **_STORE,
        "from_patient": _PIP,
        "to_patient": _ODALYS,
        "relationship_type": "clone",
    },
)
ATTRIBUTIONS: tuple[Record, ...] = (
    {
        "id": "e0a1c0de-0001-4a6f-9c1b-2e7a1d9b6c41",
        **_STORE,
        "patient": _PIP,
        "attributed_at": "2025-04-01T09:00:00Z",
        "attribution_role": "primary",
        "source_note": "Spring leaflet",
        "referral_source": {"id": "e0a1c0de-0002-4a6f-9c1b-2e7a1d9b6c42", "name": "Leaflet"},
        "referral_partner": None,
    },
    {
        "id": "e0a1c0de-0003-4a6f-9c1b-2e7a1d9b6c43",
        **_STORE,
        "patient": _PIP,
        "attributed_at": "2025-04-01T09:00:00Z",
        "attribution_role": "secondary",
        "referral_partner": {"id": "e0a1c0de-0004-4a6f-9c1b-2e7a1d9b6c44", "name": "Quarry Lane Orthodontics"},
    },
    {
        "id": "e0a1c0de-0005-4a6f-9c1b-2e7a1d9b6c45",
        **_STORE,
        "patient": _ODALYS,
        "attributed_at": "2025-04-01T09:00:00Z",
        "attribution_role": "assist",
        "provider": _CALLOWAY,
    },
    {
        "id": "e0a1c0de-0006-4a6f-9c1b-2e7a1d9b6c46",
        **_STORE,
        "patient": _PIP,
        "attributed_at": "2025-04-01T09:00:00Z",
        "referring_patient": _ODALYS,
    },
)
ALERT_DEFINITIONS: tuple[Record, ...] = (
    {
        "id": "f0a1c0de-0001-4a6f-9c1b-2e7a1d9b6c51",
        **_STORE,
        "deleted_at": "2025-04-02T10:30:00.500000Z",
        "name": "Needs an interpreter",
        "description": "Book one before the visit",
        "category": "Front desk",
        "item_order": 3,
        "default_scope": "family",
        "default_is_urgent": True,
    },
)
FIELD_DEFINITIONS: tuple[Record, ...] = (
    {
        "id": "f0a1c0de-0002-4a6f-9c1b-2e7a1d9b6c52",
        **_STORE,
        "deleted_at": None,
        "name": "Shuttle",
        "description": "Which shuttle the patient takes",
        "field_type": "dropdown",
        "dropdown_options": ["North", "South"],
        "is_required": False,
        "item_order": 1,
    },
    {
        "id": "f0a1c0de-0003-4a6f-9c1b-2e7a1d9b6c53",
        **_STORE,
        "deleted_at": "2025-04-02T10:30:00.500000Z",
        "name": "Parking permit since",
        "field_type": "date",
        "is_required": True,
        "item_order": 0,
    },
)
TAG_DEFINITIONS: tuple[Record, ...] = (
    {
        "id": "f0a1c0de-0004-4a6f-9c1b-2e7a1d9b6c54",
        **_STORE,
        "deleted_at": "2025-04-02T10:30:00.500000Z",
        "name": "Recall",
        "description": "To be asked back",
        "category": "Marketing",
        "color": "#2f6f4f",
        "item_order": 2,
    },
)
FIELD_VALUES: tuple[Record, ...] = (
    {
        "fields": [
            {
                "field_definition_uuid": "f0a1c0de-0002-4a6f-9c1b-2e7a1d9b6c52",
                "name": "Shuttle",
                "value": "North",
            },
            {
                "field_definition_uuid": "f0a1c0de-0003-4a6f-9c1b-2e7a1d9b6c53",
                "name": "Parking permit since",
                "value": "2025-03-09",
            },
            {"name": "Visits a year", "value": 4},
            {"name": "Takes the stairs", "value": False},
            {"name": "Shoe size", "value": Decimal("41.50")},
        ]
    },
)
