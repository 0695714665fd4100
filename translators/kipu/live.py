"""The live face: KIPU read and searched as FHIR, without the store.

KIPU finds patients by key only. A search by name, birth date or MR number turns the census, `PAGES` pages of it for one
answer; what is left is behind the answer's next link. Ids are the casefile id with a dot for its colon.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from gateway.faults import Invalid, NotFound, NotSupported
from gateway.translation.contract import Account, Flow, Found, send
from gateway.translation.rows import Record, Resource
from translators.kipu import calls, casefile
from translators.kipu.coverage import COVERAGE
from translators.kipu.document import as_named
from translators.kipu.encounter import ENCOUNTER
from translators.kipu.location import SITE
from translators.kipu.patient import PATIENT
from translators.kipu.system import get, listed, pages

PAGES = 4
PER = 100
PAGE = "_page"
SERVED = (PATIENT.type, ENCOUNTER.type, COVERAGE.type, SITE.type)
UNKNOWN = frozenset({404, 422})
RESULT = frozenset({"_count", "_format", "_summary", "_total", "_pretty"})
"""Parameters about the answer, not about what to find."""
Params = Sequence[tuple[str, str]]
Test = Callable[[Resource], bool]


def read(account: Account, type: str, id: str) -> Flow[Resource]:
    _serve(type)
    if type == "Location":
        found = yield from _sites(account)
        resource = next((site for site in found if site["id"] == id), None)
    else:
        record = yield from _record(account, type, id)
        made = _resources(account, type, record) if record else ()
        resource = next((resource for resource in made if resource["id"] == id), None)
    if resource is None:
        raise NotFound(f"KIPU has no {type} with this id")
    return resource


def _serve(type: str) -> None:
    if type not in SERVED:
        raise NotSupported(f"KIPU's live face serves {', '.join(SERVED)}, not {type}")


def _record(account: Account, type: str, id: str) -> Flow[Record | None]:
    key = casefile.from_live(id)
    if key is None or (key.rest is not None and type != "Coverage"):
        return None
    return (yield from _asked(account, key))


def _asked(account: Account, key: casefile.LiveId) -> Flow[Record | None]:
    master = ("patient_master_id", key.master)
    call = get(account, f"/api/patients/{key.number}", *calls.DETAILS, master, accepts=UNKNOWN)
    reply = yield from send(call)
    return None if reply.status in UNKNOWN else calls.patient_of(reply)


def _resources(account: Account, type: str, record: Record) -> Iterator[Resource]:
    """The resources of this type in a patient's document."""
    id = casefile.live_id(str(record["casefile_id"]))
    patient = {"reference": f"Patient/{id}"}
    bindings = account.bindings
    if type == "Patient":
        yield {**PATIENT.bound(bindings).to_fhir(record).value, "id": id}
    elif type == "Encounter":
        yield {**ENCOUNTER.bound(bindings).to_fhir(record).value, "id": id, "subject": patient}
    elif type == "Coverage":
        for item in record.get("insurances") or ():
            policy = COVERAGE.bound(bindings).to_fhir(item).value
            yield {**policy, "id": f"{id}.{casefile.policy_suffix(item)}", "beneficiary": patient}


def _sites(account: Account) -> Flow[list[Resource]]:
    reply = yield from send(get(account, "/api/locations"))
    lens = SITE.bound(account.bindings)
    rows = [row for row in listed(reply, "locations") if row.get("location_id") is not None]
    return [{**lens.to_fhir(row).value, "id": str(row["location_id"])} for row in rows]


def search(account: Account, type: str, params: Params) -> Flow[Found]:
    _serve(type)
    wanted = [(name, value) for name, value in params if name not in RESULT and name != PAGE]
    if type == "Location":
        return (yield from _search_sites(account, wanted))
    keys = _keys(account, type, wanted)
    if keys is not None:
        return (yield from _by_key(account, type, keys))
    if type != "Patient":
        raise Invalid(f"KIPU finds {type} by patient or _id only; give one of them")
    return (yield from _walk(account, params, [_test(account, name, value) for name, value in wanted]))


def _search_sites(account: Account, wanted: Params) -> Flow[Found]:
    tests: dict[str, Callable[[Resource, str], bool]] = {
        "_id": lambda site, value: site["id"] in value.split(","),
        "name": lambda site, value: any(_starts(site.get("name"), word) for word in value.split(",")),
    }
    for name, _ in wanted:
        if name not in tests:
            raise NotSupported(f"KIPU finds Location by {', '.join(tests)}, not by {name}")
    sites = yield from _sites(account)
    found = tuple(site for site in sites if all(tests[name](site, value) for name, value in wanted))
    return Found(found, total=len(found))


def _keys(account: Account, type: str, wanted: Params) -> list[str] | None:
    """The live ids that the search names; None where it names none."""
    named = {"_id", "patient", "subject", "beneficiary"} - ({"subject"} if type == "Coverage" else set())
    found: set[str] | None = None
    for name, value in wanted:
        if type == "Patient" and name == "identifier":
            system, _, key = value.rpartition("|")
            ids = {casefile.live_id(key)} if system == account.system("id") else None
        elif name == "_id" or (type != "Patient" and name in named):
            ids = {word.removeprefix("Patient/") for word in value.split(",")}
        else:
            ids = None
        if ids is None and type != "Patient":
            raise NotSupported(f"KIPU finds {type} by patient or _id, not by {name}")
        if ids is not None:
            found = ids if found is None else found & ids
    return None if found is None else sorted(found)


def _by_key(account: Account, type: str, ids: Sequence[str]) -> Flow[Found]:
    found: list[Resource] = []
    for id in ids:
        key = casefile.from_live(id)
        if key is None:
            continue
        record = yield from _asked(account, key)
        made = _resources(account, type, record) if record else ()
        found += (resource for resource in made if key.rest is None or resource["id"] == id)
    return Found(tuple(found), total=len(found))


def _walk(account: Account, params: Params, tests: Sequence[Test]) -> Flow[Found]:
    first = _page_number(params)
    found: dict[str, Resource] = {}
    for page in range(first, first + PAGES):
        reply = yield from send(calls.census(account, page, PER))
        rows = [row for row in listed(reply, "patients") if casefile.parts(str(row.get("casefile_id", "")))]
        for row in rows:
            for resource in _resources(account, "Patient", as_named(row)):
                if all(test(resource) for test in tests):
                    found[resource["id"]] = resource
        total, _ = pages(reply)
        if not rows or (total is not None and page >= total):
            return Found(tuple(found.values()))
    kept = [(name, value) for name, value in params if name != PAGE]
    return Found(tuple(found.values()), urlencode([*kept, (PAGE, str(first + PAGES))]))


def _page_number(params: Params) -> int:
    text = next((value for name, value in params if name == PAGE), "1")
    if not text.isdigit() or not 0 < int(text) < 10**6:
        raise Invalid(f"{PAGE} is not one of this server's pages; follow the next link as it stands")
    return int(text)


def _test(account: Account, name: str, value: str) -> Test:
    words = value.split(",")
    if name == "birthdate":
        return lambda patient: any(_is_born(patient.get("birthDate", ""), word) for word in words)
    if name == "identifier":
        return lambda patient: any(_is_identified(patient, word) for word in words)
    parts: dict[str, tuple[str, ...]] = {
        "family": ("family",),
        "given": ("given",),
        "name": ("family", "given", "text"),
    }
    if name not in parts:
        raise NotSupported(f"KIPU finds Patient by {', '.join(PATIENT.search)}, not by {name}")
    return lambda patient: any(_is_named(patient, parts[name], word) for word in words)


def _is_named(patient: Resource, parts: Sequence[str], word: str) -> bool:
    values: list[Any] = []
    for human in patient.get("name", ()):
        for part in parts:
            value = human.get(part, [])
            values += value if isinstance(value, list) else [value]
    return any(_starts(value, word) for value in values)


def _starts(value: Any, word: str) -> bool:
    """R4 string search: the start of the value, whatever the case and accents."""
    return isinstance(value, str) and _plain(value).startswith(_plain(word))


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()


def _is_born(born: str, word: str) -> bool:
    prefix, day = (word[:2], word[2:]) if word[:2].isalpha() else ("eq", word)
    near, exact = born[: len(day)], bool(born)
    tests = {
        "eq": near == day,
        "ne": near != day,
        "lt": near < day,
        "le": near <= day,
        "gt": near > day,
        "ge": near >= day,
    }
    if prefix not in tests or not day.replace("-", "").isdigit():
        raise Invalid("birthdate takes YYYY, YYYY-MM or YYYY-MM-DD after eq, ne, lt, le, gt or ge")
    return exact and tests[prefix]


def _is_identified(patient: Resource, word: str) -> bool:
    system, bar, value = word.rpartition("|")
    return any(
        identifier.get("value") == value and (not bar or identifier.get("system", "") == system)
        for identifier in patient.get("identifier", ())
    )
