"""The chart's Patient as eCW takes it, and everything that it does not take.

eCW is particular: one name of use `usual` without text, telephone numbers as NNN-NNN-NNNN, identifiers of its own
assigner only, and it refuses the whole patient for one address that it dislikes. What would be refused is left out and
named; a name that would be, refuses the patient before it costs a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.canonical import US_CORE
from gateway.faults import EmrRefused, Issue
from gateway.translation.codec import Unreadable
from gateway.translation.contract import Account, Chart, Linked
from gateway.translation.lens import LeftOut
from gateway.translation.news import says
from gateway.translation.rows import Record, Resource
from gateway.translation.unmapped import Unmapped
from translators.ecw.facility import Facility, facility_of
from translators.ecw.patient import ASSIGNER, DEFAULT_FACILITY
from translators.ecw.spelling import USUAL, address_out, language_out, spelling, telecom_out
from translators.ecw.texts import objection

PROFILE = f"{US_CORE}us-core-patient"
PLAIN = ("active", "gender", "birthDate", "maritalStatus", "deceasedBoolean", "deceasedDateTime")
LISTS: Mapping[str, Callable[[Resource], Resource]] = {
    "telecom": telecom_out,
    "address": address_out,
    "communication": language_out,
}
TAKEN = frozenset({*PLAIN, *LISTS, "name", "identifier", "extension"})
ABOUT_OURS = frozenset({"resourceType", "id", "meta", "text", "language", "implicitRules"})
EXTENSIONS = frozenset({f"{US_CORE}us-core-{name}" for name in ("race", "ethnicity", "birthsex")})
ECW = "http://eclinicalworks.com/"
NAME_PARTS = ("family", "given", "prefix", "suffix")


@dataclass(slots=True)
class Draft:
    """What is to be sent. `held` are elements of which something stays behind: nothing there is taken away from eCW."""

    document: Record = field(default_factory=lambda: {"resourceType": "Patient"})
    left_out: list[LeftOut] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    identifier: Resource | None = None
    """The one by which eCW is asked whether it has the patient already."""
    told: Facility | None = None
    """Where the chart says that the patient is treated."""

    @property
    def facility(self) -> str | None:
        return self.told.reference if self.told else None

    def leave(self, place: str, reason: str, *unmapped: Unmapped) -> None:
        self.left_out.append(LeftOut(f"Patient.{place}", reason, notable=bool(unmapped), unmapped=unmapped))
        self.held.add(place.partition(".")[0].partition("[")[0])

    def drop_facility(self) -> bool:
        """eCW does not take it: everything else goes without it. False where there is none to drop."""
        if self.told is None:
            return False
        self.told.refused(self.leave)
        self.told = None
        return True


def draft(account: Account, chart: Chart, link: Linked, current: Record) -> Draft:
    """`current` is what eCW has: what stands there already is not left out."""
    made, patient = Draft(), chart.patient
    for name in PLAIN:
        if name in patient and (why := objection(patient[name])):
            made.leave(name, why)
        elif name in patient:
            made.document[name] = patient[name]
    made.document.setdefault("gender", "unknown")
    _put(made, "name", _names(made, patient, current))
    for name, write in LISTS.items():
        _put(made, name, _each(made, name, patient, write))
    _put(made, "identifier", _identifiers(made, account, patient, link, current))
    _put(made, "extension", _extensions(made, patient, current))
    made.told = facility_of(account, chart, made.leave)
    _report_others(made, patient, current)
    return made


def refuse_incomplete(patient: Resource) -> None:
    """What eCW would refuse in any case is refused before it costs a call."""
    name = _usual(patient.get("name", []))
    wanted = {
        "Patient.name.family": name is not None and bool(name.get("family")),
        "Patient.name.given": name is not None and bool(name.get("given")),
        "Patient.birthDate": len(patient.get("birthDate", "")) == len("YYYY-MM-DD"),
    }
    if missing := [place for place, is_there in wanted.items() if not is_there]:
        text = "eClinicalWorks needs family name, given name and full date of birth; complete the patient"
        raise EmrRefused(tuple(Issue(text, (place,)) for place in missing))
    wrong = {f"Patient.name.{part}": objection((name or {}).get(part)) for part in NAME_PARTS}
    if issues := tuple(Issue(f"{why} ({place})", (place,)) for place, why in wrong.items() if why):
        raise EmrRefused(issues)


def without_texts(document: Record) -> Record:
    """Without the narrative and the texts of names, which eCW makes itself and refuses to be sent."""
    names = [{part: value for part, value in name.items() if part != "text"} for name in document.get("name", ())]
    rest = {name: value for name, value in document.items() if name not in ("text", "name")}
    return {**rest, **({"name": names} if names else {})}


def _put(made: Draft, name: str, items: list[Any]) -> None:
    if items:
        made.document[name] = items


def _usual(names: list[Resource]) -> Resource | None:
    order = {"official": 0, "usual": 1, None: 2}
    return min((name for name in names if name.get("use") in USUAL), key=lambda n: order[n.get("use")], default=None)


def _names(made: Draft, patient: Resource, current: Record) -> list[Resource]:
    names = patient.get("name", [])
    chosen = _usual(names)
    for index, name in enumerate(names):
        is_chosen = name is chosen
        if is_chosen and not _repeats(name):
            made.leave(f"name[{index}].text", "eClinicalWorks takes the parts of a name, not its text")
        elif not is_chosen and not _there("name", name, current):
            made.leave(f"name[{index}]", "eClinicalWorks takes one name, the official or usual one")
    return [{"use": "usual", **{part: chosen[part] for part in NAME_PARTS if part in chosen}}] if chosen else []


def _repeats(name: Resource) -> bool:
    """Whether the text says no more than the parts."""
    parts = " ".join(" ".join(value) if isinstance(value := name.get(part, ""), list) else value for part in NAME_PARTS)
    return set(name.get("text", "").replace(",", " ").split()) <= set(parts.replace(",", " ").split())


def _each(made: Draft, name: str, patient: Resource, write: Callable[[Resource], Resource]) -> list[Resource]:
    items = []
    for index, item in enumerate(patient.get(name, [])):
        if why := objection(item):
            made.leave(f"{name}[{index}]", why)
            continue
        try:
            items.append(write(item))
        except Unreadable as error:
            made.leave(f"{name}[{index}]", str(error))
    return items


def _identifiers(made: Draft, account: Account, patient: Resource, link: Linked, current: Record) -> list[Resource]:
    ours = f"{account.public_url}/fhir/r4/{account.org}/NamingSystem/"
    items: list[Resource] = []
    for index, item in enumerate(patient.get("identifier", [])):
        system = item.get("system") or ""
        if system.startswith(ASSIGNER) and item.get("value"):
            items.append({"use": "usual", **item})
        elif not system.startswith(ours) and not _there("identifier", item, current):
            made.leave(f"identifier[{index}]", "eClinicalWorks takes identifiers of its own assigner only")
    system = assigner(account)
    if system and not any(item["system"] == system for item in items):
        items.append({"use": "usual", "system": system, "value": link.local_id})
    made.identifier = next((item for item in items if not system or item["system"] == system), None)
    return items


def assigner(account: Account) -> str | None:
    """The identifier system of this application: the setting may be the number alone or the whole OID."""
    text = account.settings.get("assigner_oid", "").removeprefix("urn:oid:")
    return f"{ASSIGNER}{text.removeprefix(ASSIGNER.removeprefix('urn:oid:'))}" if text else None


def _extensions(made: Draft, patient: Resource, current: Record) -> list[Resource]:
    items = []
    for index, item in enumerate(patient.get("extension", [])):
        url = item.get("url", "")
        if url == DEFAULT_FACILITY or url.endswith("/StructureDefinition/facility"):
            continue
        if url in EXTENSIONS or url.startswith(ECW):
            items.append(item)
        elif not _there("extension", item, current):
            made.leave(f"extension[{index}]", "eClinicalWorks has no field for this extension")
    return items


def _report_others(made: Draft, patient: Resource, current: Record) -> None:
    for name, value in patient.items():
        if name not in TAKEN | ABOUT_OURS and not says(current.get(name), value):
            made.leave(name, "eClinicalWorks does not take this element from other systems; enter it there")


def _there(element: str, item: Resource, current: Record) -> bool:
    return any(says(theirs, item, element, spelling) for theirs in current.get(element, ()))
