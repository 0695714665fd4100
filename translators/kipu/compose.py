"""A chart as the record that KIPU should hold of it, in the read shape, and what of the chart KIPU has no place for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.translation import path
from gateway.translation.contract import Account, Chart
from gateway.translation.lens import LeftOut, Lens
from gateway.translation.rows import Record, Resource
from translators.kipu.attachments import Picture, Pictures, pictures
from translators.kipu.coverage import COVERAGE, SUBSCRIBER, coverage_key, is_self_pay, member_id
from translators.kipu.custom_fields import CUSTOM_FIELD, custom_name, why_left_out
from translators.kipu.encounter import ENCOUNTER
from translators.kipu.location import PAYER
from translators.kipu.patient import PATIENT, ranked
from translators.kipu.refused import OTHERWISE, REFUSED

VOID = frozenset({"cancelled", "entered-in-error"})
ASSUMED: Mapping[str, Any] = {"Patient.active": True, "Patient.deceasedBoolean": False}
"""What is true of everyone whom a CRM sends to KIPU: nothing is lost when it does not travel."""
TAKEN = frozenset({"Patient", "Encounter", "Coverage", "RelatedPerson", "DocumentReference"})


@dataclass(slots=True)
class Draft:
    """What KIPU should hold, and what it cannot."""

    record: Record
    clear: bool
    left_out: list[LeftOut] = field(default_factory=list)
    encounter: Resource | None = None
    policies: list[tuple[str, Record]] = field(default_factory=list)
    """`Coverage/id` and the item that it became."""
    pictures: Pictures = field(default_factory=Pictures)

    def tie(self, chosen: Iterable[Picture]) -> None:
        """Give the policies whose cards go along the numbers that the cards name."""
        for origin, policy in {(picture.origin, picture.policy) for picture in chosen if picture.policy}:
            (item,) = (item for name, item in self.policies if name == policy)
            item["origin_id"] = origin


def name_of(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource.get('id', '')}"


def compose(account: Account, chart: Chart, base: Record, casefile: str | None, *, clear: bool = True) -> Draft:
    """`base` with what the chart says. `clear`: what it lacks goes; only sound where the chart has seen `base`."""
    patient = ranked({name: value for name, value in chart.patient.items() if name != "photo"})
    lens = PATIENT.bound(account.bindings)
    carried = (lens.to_vendor if clear else lens.merge)(patient, base)
    draft = Draft(carried.value, clear)
    draft.left_out += _explained(account, patient, _news(lens, base, patient, carried.left_out))
    _add_stay(account, chart, base, casefile, draft)
    _add_policies(account, chart, base, draft)
    _add_location(account, chart, draft)
    draft.pictures = pictures(chart, tuple(name for name, _ in draft.policies))
    draft.left_out += draft.pictures.left_out
    draft.left_out += _refused(chart, draft)
    return draft


def _news(lens: Lens, base: Record, resource: Resource, left_out: Iterable[LeftOut]) -> Iterator[LeftOut]:
    """Without what KIPU itself says already: a bed that KIPU has given is not lost because no field takes it."""
    said = {(_names(leaf), str(value)) for leaf, value in path.leaves(lens.to_fhir(base).value)}
    for item in left_out:
        place = path.parse(item.expression.partition(".")[2])
        lost = path.get(resource, place)
        names = tuple(step.name for step in place)
        if ASSUMED.get(item.expression, path) == lost:
            continue
        if not all(((*names, *_names(leaf)), str(value)) in said for leaf, value in path.leaves(lost)):
            yield item


def _names(leaf: path.Concrete) -> tuple[str, ...]:
    return tuple(part for part in leaf if isinstance(part, str))


def _explained(account: Account, patient: Resource, left_out: Iterable[LeftOut]) -> Iterator[LeftOut]:
    """A custom field that is left out can be mapped: say how."""
    for item in left_out:
        lost = path.get(patient, path.parse(item.expression.partition(".")[2]))
        if isinstance(lost, dict) and lost.get("url") == CUSTOM_FIELD and custom_name(lost):
            yield LeftOut(item.expression, why_left_out(account.bindings, custom_name(lost) or ""))
        else:
            yield item


def _add_stay(account: Account, chart: Chart, base: Record, casefile: str | None, draft: Draft) -> None:
    stay, others = _choose_stay(account, chart, casefile)
    draft.left_out += others
    if stay is None:
        return
    lens = ENCOUNTER.bound(account.bindings)
    spelled = _spelled(account, chart, stay, draft)
    carried = (lens.to_vendor if draft.clear else lens.merge)(spelled, draft.record)
    draft.encounter, draft.record = stay, carried.value
    draft.left_out += _news(lens, base, spelled, carried.left_out)


def _choose_stay(account: Account, chart: Chart, casefile: str | None) -> tuple[Resource | None, list[LeftOut]]:
    """The Encounter of this casefile, or else the newest that is of none yet; KIPU makes a casefile for each stay."""
    system, chosen, others = account.system("id"), None, []
    for encounter in reversed(chart.of("Encounter")):
        keys = {i.get("value") for i in encounter.get("identifier", ()) if i.get("system") == system}
        if encounter.get("status") in VOID:
            others.append(LeftOut(name_of(encounter), "the stay is cancelled; KIPU takes no cancellation"))
        elif casefile in keys:
            chosen, others = encounter, others + _unsent(chosen)
        elif not keys and chosen is None:
            chosen = encounter
        elif not keys:
            others += _unsent(encounter)
    return chosen, others


def _unsent(encounter: Resource | None) -> list[LeftOut]:
    reason = "KIPU holds one stay in a casefile: admit the patient again in KIPU, and the new casefile is pulled"
    return [] if encounter is None else [LeftOut(name_of(encounter), reason)]


def _spelled(account: Account, chart: Chart, encounter: Resource, draft: Draft) -> Resource:
    """The Encounter with referrer and destination by name and key instead of by reference."""
    spelled = path.copied(encounter)
    for role in ("origin", "destination"):
        reference = (spelled.get("hospitalization") or {}).get(role)
        if reference:
            place = f"{name_of(encounter)}.hospitalization.{role}"
            spelled["hospitalization"][role] = _named(account, chart, reference, place, draft)
    return dict(spelled)


def _named(account: Account, chart: Chart, reference: Resource, place: str, draft: Draft) -> Resource:
    party = chart.resolve(reference) or {}
    name = party.get("name") or reference.get("display")
    if not isinstance(name, str):
        draft.left_out.append(LeftOut(place, "what it refers to has no name here; give the reference a display"))
        return reference
    mine = next((i for i in party.get("identifier", ()) if i.get("system") == account.system("id")), None)
    named = {**reference, "display": name}
    if mine is not None:
        named["identifier"] = {"system": mine["system"], "value": mine.get("value")}
    return named


def _add_policies(account: Account, chart: Chart, base: Record, draft: Draft) -> None:
    before = list(base.get("insurances") or ())
    after, used, self_pay = [], [], False
    for coverage in chart.of("Coverage"):
        if coverage.get("status") in VOID:
            reason = "KIPU's API ends no policy: end it in KIPU"
            draft.left_out.append(LeftOut(name_of(coverage), reason))
        elif is_self_pay(coverage):
            self_pay = True
        else:
            old = _policy(account, coverage, before)
            used.append(old)
            item = _item(account, chart, coverage, old or {}, draft)
            after.append(item)
            draft.policies.append((name_of(coverage), item))
    gone = [item for item in before if not any(item is old for old in used)]
    if gone:
        draft.left_out.append(LeftOut("Coverage", "KIPU has a policy that is not here, and its API removes none"))
    if after or before:
        draft.record["insurances"] = [*after, *gone]
    if not draft.record.get("payment_method") and (after or self_pay):
        draft.record["payment_method"] = "Insurance" if after else "Self Pay"


def _policy(account: Account, coverage: Resource, items: Iterable[Record]) -> Record | None:
    keys = {i.get("value") for i in coverage.get("identifier", ()) if i.get("system") == account.system("id")}
    items = tuple(items)
    by_key = (item for item in items if item.get("id") is not None and str(item["id"]) in keys)
    member = coverage.get("subscriberId")
    by_member = (item for item in items if member and member_id(item) == member)
    return next(by_key, None) or next(by_member, None)


def _item(account: Account, chart: Chart, coverage: Resource, old: Record, draft: Draft) -> Record:
    spelled, place = path.copied(coverage), name_of(coverage)
    payer = chart.resolve(payor := (coverage.get("payor") or [{}])[0])
    if payer or payor.get("display"):
        spelled["payor"][0] = {**payor, "display": _payer_word(account, payer, payor)}
    elif payor:
        draft.left_out.append(LeftOut(f"{place}.payor", "the payer has no name here; give the reference a display"))
    lens = COVERAGE.bound(account.bindings)
    carried = lens.to_vendor(spelled, onto=old)
    draft.left_out += (
        LeftOut(item.expression.replace("Coverage", place, 1), item.reason)
        for item in _news(lens, old, spelled, carried.left_out)
    )
    item = carried.value
    for phone in (payer or {}).get("telecom", ())[:1]:
        item = PAYER.bound(account.bindings).merge({"resourceType": "Organization", "telecom": [phone]}, item).value
    return _with_subscriber(account, chart, coverage, item, draft)


def _payer_word(account: Account, payer: Resource | None, payor: Resource) -> str:
    """What the payer table is asked for: the payer's code where the table knows it, else its name."""
    table = account.mappings.get("payer", {})
    codes = (identifier.get("value") for identifier in (payer or {}).get("identifier", ()))
    known = next((code for code in codes if code in table), None)
    return str(known or (payer or {}).get("name") or payor.get("display") or "")


def _with_subscriber(account: Account, chart: Chart, coverage: Resource, item: Record, draft: Draft) -> Record:
    reference = (coverage.get("subscriber") or {}).get("reference", "")
    person = next((p for p in chart.of("RelatedPerson") if name_of(p) == reference), None)
    person = person or chart.resolve(coverage.get("subscriber"))
    if person is None or person["resourceType"] != "RelatedPerson":
        return item
    lens = SUBSCRIBER.bound(account.bindings)
    carried = lens.merge(person, item)
    draft.left_out += (
        LeftOut(lost.expression.replace("RelatedPerson", name_of(person), 1), lost.reason)
        for lost in _news(lens, item, person, carried.left_out)
    )
    return carried.value


def _add_location(account: Account, chart: Chart, draft: Draft) -> None:
    words = list(_location_words(account, chart, draft.encounter or {}))
    table = account.mappings.get("location", {})
    known = next((table[word] for word in words if word in table), None)
    known = known or next((word.removeprefix("=") for word in words if word.startswith("=")), None)
    number = known or account.settings.get("location_id")
    if number:
        draft.record["location_id"] = int(number) if number.isdigit() else number
    elif words and "location_id" not in draft.record:
        reason = "its location is not mapped: `crosswalk mapping set … location NAME KIPU_ID`, or set location_id"
        draft.left_out.append(LeftOut("Encounter.location", reason))


def _location_words(account: Account, chart: Chart, encounter: Resource) -> Iterator[str]:
    """By what names the chart calls its location; one that KIPU keyed itself comes as `=KEY`."""
    references = [item.get("location") or {} for item in encounter.get("location", ())]
    references += [encounter.get("serviceProvider") or {}]
    facilities = (e.get("valueReference") for e in chart.patient.get("extension", ()))
    for reference in (*references, *filter(None, facilities)):
        place = chart.resolve(reference) or {}
        told = (reference.get("reference"), reference.get("reference", "").rpartition("/")[2])
        yield from filter(None, (*told, reference.get("display"), place.get("name")))
        for identifier in place.get("identifier", ()):
            if identifier.get("system") == account.system("id"):
                yield f"={identifier.get('value')}"


def _refused(chart: Chart, draft: Draft) -> Iterator[LeftOut]:
    subscribers = {(c.get("subscriber") or {}).get("reference") for c in chart.of("Coverage")}
    for type, resources in chart.resources.items():
        for resource in resources:
            if type == "RelatedPerson" and name_of(resource) in subscribers:
                continue
            if type not in TAKEN or type == "RelatedPerson":
                yield LeftOut(name_of(resource), REFUSED.get(type, OTHERWISE))


def links(casefile: str, draft: Draft, record: Record) -> dict[str, str]:
    """The keys of what the chart's other resources became."""
    found = {} if draft.encounter is None else {name_of(draft.encounter): casefile}
    for name, item in draft.policies:
        same = (i for i in record.get("insurances") or () if i.get("id") == item.get("id") or _alike(i, item))
        key = coverage_key(casefile, next(same, item))
        if key is not None:
            found[name] = key
    return found


def records(draft: Draft, record: Record) -> dict[str, Record]:
    """The records that these were pushed as: with the next change of the EMR's they are what both sides knew."""
    found = {} if draft.encounter is None else {name_of(draft.encounter): record}
    for name, item in draft.policies:
        same = [i for i in record.get("insurances") or () if i.get("id") == item.get("id") or _alike(i, item)]
        found |= {name: same[0]} if same else {}
    return found


def _alike(one: Record, other: Record) -> bool:
    return member_id(one) is not None and member_id(one) == member_id(other)
