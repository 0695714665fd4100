"""Many synthetic people for the sandbox: charts as full as real ones, the same for the same numbers."""

from __future__ import annotations

from datetime import timedelta

from translators.kipu.sandbox_charts import Charts
from translators.kipu.sandbox_document import Json, utc

GIVEN = ("Alma", "Bruno", "Cleo", "Dario", "Edda", "Falk", "Greta", "Hugo", "Ines", "Jonas", "Kaia", "Levin")
FAMILY = ("Testwell", "Sampleby", "Mockridge", "Trialton", "Fauxley", "Demofield", "Stubbins", "Placeholt")
LEVELS = ("Detox", "Residential", "Intensive Outpatient", "Outpatient")
COMPANIES = ("Sandbox Mutual", "Keystone Mutual", "Lakeside Health", "Evergreen Care")
REFERRERS = ("Harbor Recovery", "County Hospital")


def populate(charts: Charts, number: int) -> Json:
    """One person more, admitted within the last year; every third one was discharged again. Nothing changed today."""
    admitted = charts.clock() - timedelta(days=number * 7 % 360, hours=number % 24)
    chart = charts.create(_person(number), "KIPU")
    chart |= {
        **_shown(number),
        "mr_number": f"BLK{admitted:%Y}-{chart['casefile_id'].partition(':')[0]}",
        "admission_date": f"{admitted:%Y-%m-%d}T07:00:00.000Z",
    }
    changed = charts.clock() - timedelta(days=1 + number % 20)
    if number % 3 == 0:
        changed = left = min(admitted + timedelta(days=5 + number % 20), charts.clock())
        chart |= {"discharge_date": utc(left), "discharge_type": "Planned", "discharge_type_code": "P01"}
    charts.touch(chart)
    chart |= {"created_at": utc(admitted), "last_updated_at": utc(max(changed, admitted))}
    for item in chart["insurances"]:
        item["_changed"] = chart["last_updated_at"]
    return chart


def _person(number: int) -> Json:
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]
    return {
        "first_name": given,
        "middle_name": GIVEN[(number // 5) % len(GIVEN)],
        "last_name": f"{family}-{number}",
        "preferred_name": given[:3],
        "dob": f"{1950 + number % 55}-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "gender": "Female" if number % 2 else "Male",
        "phone": f"+1513555{number % 10000:04d}",
        "email": f"person{number}@example.org",
        "address_street": f"{1 + number} Oak St",
        "address_city": "Middletown",
        "address_state": "OH",
        "address_zip": "45044",
        "address_country": "US",
        "race": "White",
        "ethnicity": "Not Hispanic or Latino",
        "payment_method": "Insurance",
        "referrer_name": REFERRERS[number % len(REFERRERS)],
        "first_contact_name": "Main Line",
        "insurances_attributes": [_policy(number)],
        "patient_contacts_attributes": [
            {"full_name": f"Kin {family}-{number}", "relationship": "Mother", "phone": f"513-556-{number % 10000:04d}"}
        ],
    }


def _policy(number: int) -> Json:
    return {
        "insurance_company": COMPANIES[number % len(COMPANIES)],
        "policy_no": f"PN{number:07d}",
        "group_ID": f"G-{number % 40}",
        "insurance_plan_type": "PPO",
        "subscriber_relationship": "Self",
    }


def _shown(number: int) -> Json:
    building = f"House {number % 4 + 1}"
    return {
        "level_of_care": LEVELS[number % len(LEVELS)],
        "program": "Substance Use",
        "building_name": building,
        "room_name": f"{number % 30 + 101}",
        "bed_name": f"{building[-1]}-{number % 30 + 101}{'AB'[number % 2]}",
        "payment_method_category": "2",
    }
