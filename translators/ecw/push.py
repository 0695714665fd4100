"""Pushing a patient: a transaction Bundle with one entry, POST to create and PUT to update.

HTTP 200 tells nothing: the fate of the write stands in `entry[0].response.status` (codes.py). A 202 means that eCW has
a patient of this name and date of birth; that one is looked up and updated, and no second one made. An update sends the
whole resource: what eCW has now, with what the chart changed since both sides last agreed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.faults import EmrBusy, EmrNonsense, EmrRefused
from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Pushed, Reply, send
from gateway.translation.lens import LeftOut
from gateway.translation.news import with_news
from gateway.translation.rows import Record
from translators.ecw import codes, lookup, scopes
from translators.ecw.facility import default_facility, facility_in, with_facility
from translators.ecw.patient import owned
from translators.ecw.relative import below
from translators.ecw.searchset import check, matches
from translators.ecw.spelling import spelling
from translators.ecw.wire import PROFILE, TAKEN, Draft, draft, refuse_incomplete, without_texts

HEADERS = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
REFUSED: Mapping[str, str] = {
    "Encounter": "eClinicalWorks gives encounters to read only: its API has no access for creating or updating them",
    "Coverage": "eClinicalWorks gives insurance to read only: enter it there, the next pull brings it here",
    "QuestionnaireResponse": "eClinicalWorks has no API for pre-assessment data",
}
REPLICATION = 3.0
"""Seconds until eCW shows what was just created."""
Guard = Callable[[], Flow[Reply | None]]


def push(account: Account, chart: Chart, link: Linked) -> Flow[Pushed]:
    refuse_incomplete(chart.patient)
    if link.external_id is not None:
        return (yield from _update(account, chart, link, link.external_id))
    made = draft(account, chart, link, {})
    scope = scopes.writing(account)
    document = with_facility(made.document, made.facility or default_facility(account))
    reply = yield from _write(document, "POST", "Patient", scope, lambda: lookup.guard(account, made, scope))
    if existing := _already_there(made, reply):
        return (yield from _update(account, chart, link, existing))
    code, key = outcome(reply)
    if code == codes.ALREADY_EXISTS:
        found = yield from lookup.find(account, made, scope)
        if found is None:
            raise lookup.not_found()
        return (yield from _update(account, chart, link, found["id"]))
    if code != codes.SUCCESS:
        raise codes.refusal(code)
    agreed = _agreed({}, with_facility(made.document, made.facility), key)
    return _pushed(account, chart, made, key, agreed, {})


def _update(account: Account, chart: Chart, link: Linked, key: str) -> Flow[Pushed]:
    scope = scopes.writing(account)
    current = yield from _read(account.base_url, key, scope)
    made = draft(account, chart, link, current)
    base = link.record or {}
    wanted = with_facility(_merged(current, base, made), made.facility or facility_in(current))
    if wanted != current and not _only_facility(wanted, current, base):
        sent = with_facility(wanted, facility_in(wanted) or default_facility(account))
        yield from _put(sent, key, scope)
    agreed = _agreed(base, with_facility(_merged(base, base, made), made.facility or facility_in(base)), key)
    return _pushed(account, chart, made, key, agreed, current)


def _only_facility(wanted: Record, current: Record, base: Record) -> bool:
    """Nothing differs but the facility that eCW was told before and does not show."""
    told = facility_in(wanted)
    return with_facility(wanted, None) == with_facility(current, None) and (
        told == facility_in(base) and facility_in(current) is None
    )


def _read(base_url: str, key: str, scope: str) -> Flow[Record]:
    call = Call("GET", f"/Patient/{key}", headers=HEADERS, token=scope, accepts=frozenset({404, 410}))
    reply = yield from send(call)
    if reply.status == 404:
        raise EmrBusy(
            "eClinicalWorks does not show the linked patient. It takes seconds to show a new one; if it stays so, "
            "check there whether the patient was merged or removed, and unlink it here",
            after=REPLICATION,
        )
    if reply.status == 410:
        raise EmrRefused("The linked patient was removed from eClinicalWorks; unlink it to have it created again")
    current: Record = below(reply.json(), base_url)
    check(current, "Patient", key)
    return current


def _put(document: Record, key: str, scope: str) -> Flow[None]:
    """The documented URL is `Patient`; some practices want the id in it and answer 100 otherwise."""
    sent = {**without_texts(document), "id": key}
    code: int | None = codes.INVALID_PATIENT
    for url in ("Patient", f"Patient/{key}"):
        if code == codes.INVALID_PATIENT:
            code, _ = outcome((yield from _write(sent, "PUT", url, scope, _nothing)))
    if code != codes.SUCCESS:
        raise codes.refusal(code)


def _write(document: Record, method: str, url: str, scope: str, guard: Guard) -> Flow[Reply]:
    """Sends the Bundle; once more when eCW says that its own processing failed."""
    resource = {**document, "meta": {"profile": [PROFILE]}}
    entry = {"resource": resource, "request": {"method": method, "url": url}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    call = Call("POST", "/", json=bundle, headers=HEADERS, token=scope, guard=guard)
    reply = yield from send(call)
    if _is_transaction(reply.json()) and outcome(reply)[0] in codes.TRANSIENT:
        reply = yield from send(call)
    return reply


def _nothing() -> Flow[Reply | None]:
    """The guard of a PUT: to repeat it changes nothing more."""
    yield from ()
    return None


def _is_transaction(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("type") != "searchset"


def _already_there(made: Draft, reply: Reply) -> str | None:
    """The id of the patient that the guard found, when it answered in place of the create."""
    answer = reply.json()
    if _is_transaction(answer):
        return None
    found = lookup.the_one(made, matches(answer, "Patient"))
    return found["id"] if found else None


def outcome(reply: Reply) -> tuple[int | None, str | None]:
    """The code of a transaction's one entry, and the id of the resource where the answer tells it."""
    answer = reply.json()
    items = answer.get("entry") if isinstance(answer, dict) else None
    if not isinstance(items, list) or not items or not isinstance(items[0], dict):
        raise EmrNonsense("eClinicalWorks answered a write without telling what became of it")
    response = items[0].get("response")
    if not isinstance(response, dict) or "status" not in response:
        raise EmrNonsense("eClinicalWorks answered a write without a status")
    return codes.code_of(response["status"]), _key(response.get("location"), items[0].get("resource"))


def _key(location: Any, resource: Any) -> str | None:
    """From `Patient/ID` or a whole URL, with or without a version; else from the resource."""
    parts = location.split("/_history/")[0].split("/") if isinstance(location, str) else []
    if len(parts) > 1 and parts[-2] == "Patient" and parts[-1]:
        return str(parts[-1])
    is_patient = isinstance(resource, dict) and resource.get("resourceType") == "Patient"
    return resource.get("id") if is_patient else None


def _merged(onto: Record, base: Record, made: Draft) -> Record:
    """`onto` with what the chart changed since `base`, in the elements that eCW takes."""
    new = {name: value for name, value in made.document.items() if name in TAKEN}
    old = {name: base[name] for name in TAKEN if name in base}
    for name in {"identifier", *made.held} & old.keys():
        new[name] = _with_kept(new.get(name), old[name])
    merged = with_news(with_facility(onto, None), with_facility(old, None), new, spelling)
    return with_facility({"resourceType": "Patient", **merged}, facility_in(onto))


def _with_kept(new: Any, old: Any) -> Any:
    """The new elements and those old ones that none of them replaces: what we did not send we do not take away."""
    if not isinstance(old, list):
        return old if new is None else new
    marks = [_mark(item) for item in new or ()]
    return [*(new or ()), *(item for item in old if _mark(item) not in marks)]


def _mark(item: Record) -> tuple[Any, ...]:
    return tuple(item.get(name) for name in ("url", "system", "use"))


def _agreed(base: Record, document: Record, key: str | None) -> Record:
    """What both sides now know: what eCW changed meanwhile is not in it, so that the next pull sees it as news."""
    about: Record = {name: base[name] for name in ("id", "meta") if name in base}
    return {**document, **about, **({"id": key} if key else {})}


def _pushed(account: Account, chart: Chart, made: Draft, key: str | None, agreed: Record, current: Record) -> Pushed:
    identifiers = {**owned(current), **({"id": key} if key else {})}
    left_out = (*made.left_out, *_whole_resources(account, chart))
    detail = "200 OK" if key else "200 OK; eClinicalWorks has not told the id yet"
    return Pushed(key, agreed, identifiers, left_out=left_out, detail=detail)


def _whole_resources(account: Account, chart: Chart) -> list[LeftOut]:
    """Resources that eCW does not take; those that came from it are there already."""
    system = account.system("id")
    return [
        LeftOut(f"{type}/{resource.get('id')}", REFUSED.get(type, f"eClinicalWorks takes no {type} from other systems"))
        for type, resources in sorted(chart.resources.items())
        for resource in resources
        if not any(i.get("system") == system for i in _identifiers(resource))
    ]


def _identifiers(resource: Record) -> list[Record]:
    found = resource.get("identifier", [])
    return found if isinstance(found, list) else [found]
