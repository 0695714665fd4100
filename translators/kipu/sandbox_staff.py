"""What KIPU's staff do in its screens, as commands of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from translators.kipu.sandbox_charts import Charts
from translators.kipu.sandbox_document import Json, instant, utc
from translators.kipu.sandbox_people import populate

ADMITTED: Mapping[str, Any] = {
    "level_of_care": "Residential",
    "program": "Substance Use",
    "building_name": "Main Building",
    "room_name": "102",
    "bed_name": "A-101",
    "payment_method": "Insurance",
    "payment_method_category": "2",
}
PERSON: Mapping[str, Any] = {"first_name": "Sandy", "dob": "1990-01-01", "gender": "Male", "state": "OH"}
POLICY: Mapping[str, Any] = {
    "insurance_company": "Sandbox Mutual",
    "policy_no": "A123456789",
    "group_ID": "GR987654321",
}
FINDERS = ("casefile_id", "mr_number", "last_name", "first_name")


class Staff:
    """The commands, over the charts."""

    def __init__(self, charts: Charts) -> None:
        self.charts = charts

    def _found(self, arguments: Json) -> Json | None:
        wanted = {name: arguments[name] for name in FINDERS if arguments.get(name)}
        if not wanted:
            raise ValueError(f"say which chart, by one of {', '.join(FINDERS)}")
        charts = self.charts.state["patients"].values()
        return next((c for c in charts if all(c.get(name) == value for name, value in wanted.items())), None)

    def _one(self, arguments: Json) -> Json:
        chart = self._found(arguments)
        if chart is None:
            raise ValueError("no such chart")
        return chart

    async def admit(self, arguments: Json) -> Json:
        """Admit a pre-admission of that name, or a new patient; KIPU gives the MR number."""
        if not arguments.get("last_name") and not arguments.get("casefile_id"):
            raise ValueError("last_name is needed")
        chart = self._found(arguments)
        if chart is None:
            named = {name: arguments[name] for name in ("first_name", "last_name") if arguments.get(name)}
            chart = self.charts.create({**PERSON, **named}, "KIPU")
        elif chart["mr_number"]:
            chart = self.charts.create(_person(chart), "KIPU", chart["casefile_id"].partition(":")[2])
        chart.pop("_hidden", None)
        chart |= {**ADMITTED, **_fields(arguments, ("insurance", *FINDERS))}
        chart["mr_number"] = self._mr_number()
        today = f"{self.charts.clock():%Y-%m-%d} 00:00:00"
        offset = self.charts.offset(chart["location_id"])
        chart["admission_date"] = instant(arguments.get("admission_date") or today, "admission_date", offset)
        policy = arguments.get("insurance", None if chart["insurances"] else dict(POLICY))
        self.charts.change(chart, {"insurances_attributes": [policy]} if policy else {})
        return {name: chart[name] for name in ("casefile_id", "mr_number", "admission_date")}

    def _mr_number(self) -> str:
        year = f"{self.charts.clock():%Y}"
        sequence = self.charts.state["mr"]
        sequence[year] = sequence.get(year, 62) + 1
        return f"DHR{year}-{sequence[year]}"

    async def discharge(self, arguments: Json) -> Json:
        """Discharge; `discharging_to` and `discharging_to_id` fill KIPU's Discharge/Transition To."""
        chart = self._one(arguments)
        if not chart["mr_number"]:
            raise ValueError("the patient is not admitted")
        offset = self.charts.offset(chart["location_id"])
        given = arguments.get("discharge_date")
        chart["discharge_date"] = instant(given, "discharge_date", offset) if given else utc(self.charts.clock())
        chart["discharge_type"] = arguments.get("discharge_type", "Planned")
        chart["discharge_type_code"] = arguments.get("discharge_type_code", "P01")
        if arguments.get("discharging_to"):
            name = chart["discharge_or_transition_name"] = str(arguments["discharging_to"])
            chart["discharge_or_transition_id"] = int(arguments.get("discharging_to_id") or self._destination(name))
        self.charts.touch(chart)
        return {"casefile_id": chart["casefile_id"], "discharge_date": chart["discharge_date"]}

    def _destination(self, name: str) -> int:
        """The key of the place of that name; the first place has the key of KIPU's own sample."""
        known: dict[str, int] = self.charts.state.setdefault("destinations", {})
        return known.setdefault(name, max(known.values(), default=3) + 1)

    async def chart(self, arguments: Json) -> Json:
        """Edit fields of a chart, under the names of a read."""
        chart = self._one(arguments)
        if not isinstance(arguments.get("fields"), dict):
            raise ValueError("fields is needed: an object of field names and values")
        if unknown := sorted(name for name in arguments["fields"] if name.startswith("_") or name == "casefile_id"):
            raise ValueError(f"cannot be edited: {unknown}")
        chart |= arguments["fields"]
        self.charts.touch(chart)
        return {"casefile_id": chart["casefile_id"], "last_updated_at": chart["last_updated_at"]}

    async def populate(self, arguments: Json) -> Json:
        """`count` people with all that a chart has; one in three was discharged within the last year."""
        count = int(arguments["count"])
        for number in range(count):
            populate(self.charts, number)
        return {"patients": len(self.charts.all())}

    async def show(self, arguments: Json) -> Json:
        """Let reads show what was created under the fault `delayed`."""
        hidden = [chart for chart in self.charts.state["patients"].values() if chart.pop("_hidden", None)]
        for chart in hidden:
            self.charts.touch(chart)
        return {"shown": len(hidden)}


def _person(chart: Json) -> Json:
    """Who is admitted again: the same master, a new casefile."""
    kept = ("first_name", "middle_name", "last_name", "dob", "gender", "phone", "email")
    return {name: chart[name] for name in kept if chart.get(name)}


def _fields(arguments: Json, others: tuple[str, ...]) -> Json:
    return {n: v for n, v in arguments.items() if n not in others and n != "admission_date" and not n.startswith("_")}
