"""The charts of the sandbox: making, changing and showing them as KIPU's reads do."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from translators.kipu.sandbox_document import Json, names, shown, utc
from translators.kipu.sandbox_signature import Refusal

CREATION, UPDATE = "patient-creation", "chart-update"
"""KIPU's webhooks, as the gateway calls them."""
MAPPING_APP = "external_app"
LOW = names("casefile_id admission_date discharge_date mr_number created_at last_updated_at location_id location_name")
INSURANCE = frozenset({"insurances", "insurance_company", "payment_method_category"})
DEMOGRAPHICS = names(
    "ssn maiden_name pronouns preferred_language preferred_contact gender_identity race ethnicity address_street "
    "address_street2 address_city state address_zip address_country email alternate_phone preferred_name "
    "alternate_addresses"
)
STATUS = frozenset({"patient_statuses", "pre_admission_status", "pre_admission_status_id"})
CONTACTS = frozenset({"patient_contacts"})
BLANK: Json = {"middle_name": "", "discharge_date": "", "mr_number": "", "admission_date": "", "diagnosis_codes": ""}


class Charts:
    """All charts of one instance, kept in the sandbox's state."""

    def __init__(self, state: Json, clock: Callable[[], datetime]) -> None:
        self.state = state
        self.clock = clock
        self.changed: Callable[[str, Json], None] = lambda hook, chart: None
        """Told of each chart that was made or changed."""

    @property
    def locations(self) -> list[Json]:
        found: list[Json] = self.state["locations"]
        return found

    def all(self) -> list[Json]:
        return [chart for chart in self.state["patients"].values() if not chart.get("_hidden")]

    def offset(self, location: Any) -> str:
        return next((str(x["utc_offset"]) for x in self.locations if str(x["location_id"]) == str(location)), "-07:00")

    def find(self, number: str) -> Json:
        chart = self.state["patients"].get(number)
        if chart is None or chart.get("_hidden"):
            raise Refusal(404, "patient not found")
        found: Json = chart
        return found

    def create(self, data: Json, sender: str, master: str | None = None) -> Json:
        self.state["next"] += 1
        number = str(self.state["next"])
        chart: Json = {**BLANK, "casefile_id": f"{number}:{master or self._uuid(number)}", "_kept": {}}
        chart |= {"insurances": [], "patient_contacts": [], "patient_statuses": [], "alternate_addresses": []}
        chart |= {"external_apps": [], "ext_id_mappings": [], "patient_tags": [], "record_source": sender}
        chart["created_at"] = utc(self.clock())
        chart["location_id"] = self.locations[0]["location_id"]
        if data.get("sending_app_patient_id"):
            mapping = {"id": self._next_id(), MAPPING_APP: sender, "external_id": str(data["sending_app_patient_id"])}
            chart["ext_id_mappings"].append(mapping)
            chart["external_apps"].append({"name": sender})
        self.state["patients"][number] = chart
        self.change(chart, data)
        return chart

    def _uuid(self, number: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"kipu-sandbox/{self.state['seed']}/{number}"))

    def _next_id(self) -> int:
        self.state["next_item"] += 1
        return int(self.state["next_item"])

    def change(self, chart: Json, data: Json) -> None:
        location = data.get("location_id") or chart["location_id"]
        chart |= shown(data, self.offset(location))
        chart["_kept"] |= {name: value for name, value in data.items() if name not in chart}
        for item in data.get("insurances_attributes") or ():
            changed = {**item, "_changed": utc(self.clock())}
            self._merge(chart["insurances"], changed, "kipu_insurance_id", "policy_no")
        for item in data.get("patient_contacts_attributes") or ():
            self._merge(chart["patient_contacts"], dict(item), None, "full_name")
        self.touch(chart)

    def _merge(self, items: list[Json], item: Json, key: str | None, name: str) -> None:
        wanted = item.pop(key, None) if key else None
        for old in items:
            by_key = wanted is not None and str(old.get("id")) == str(wanted)
            if by_key or (wanted is None and item.get(name) and old.get(name) == item[name]):
                old |= item
                return
        if wanted is not None:
            raise Refusal(422, f"{key} does not exist")
        items.append({"id": self._next_id(), **item} if key else item)

    def touch(self, chart: Json) -> None:
        """`last_updated_at` rises with every change, also within one millisecond."""
        self.state["changes"] = self.state.get("changes", 0) + 1
        hook, now, last = UPDATE, utc(self.clock()), chart.get("last_updated_at")
        if last is None:
            hook = CREATION
        elif now <= last:
            now = utc(datetime.fromisoformat(last) + timedelta(milliseconds=1))
        chart["last_updated_at"] = now
        name = next((x["location_name"] for x in self.locations if x["location_id"] == chart["location_id"]), "")
        chart["location_name"] = name
        companies = [item.get("insurance_company", "") for item in chart["insurances"]]
        chart["insurance_company"] = companies[0] if companies else ""
        self.changed(hook, chart)


def view(chart: Json, query: dict[str, str]) -> Json:
    """What a read shows: by PHI level, and details only when they are asked for."""
    level = query["phi_level"]
    hidden: set[str] = set()
    for flag, wanted, details in (
        ("insurance_detail", "v121", INSURANCE),
        ("demographics_detail", "v121", DEMOGRAPHICS),
        ("patient_status_detail", "v121", STATUS),
        ("patient_contacts_detail", "true", CONTACTS),
    ):
        if query.get(flag) != wanted or level != "high":
            hidden |= details
    return {
        name: _open(value)
        for name, value in chart.items()
        if not name.startswith("_") and name not in hidden and (level != "low" or name in LOW)
    }


def _open(value: Any) -> Any:
    """Without what the sandbox remembers of a list's items for itself."""
    if not isinstance(value, list):
        return value
    return [
        {name: inner for name, inner in item.items() if not name.startswith("_")} if isinstance(item, dict) else item
        for item in value
    ]
