"""The live face: Patient read and search, straight from the API.

The API searches free text over names, telephone, email, chart number and birth date; FHIR's `family`, `given` and
`name` are narrower. A word of them goes to the API to narrow the list, and every page is sifted here, so that what is
answered is what FHIR means. A page may therefore hold fewer than it was asked for, and there is no total for a search
by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from gateway.faults import Invalid, NotFound, NotSupported
from gateway.translation.contract import Account, Call, Flow, Found, gather, send
from gateway.translation.rows import Record, Resource
from translators.internal.birthdates import Span, span_of
from translators.internal.names import matches, narrowing
from translators.internal.operations import get_patient, in_full, patient_of, patients, rows_of
from translators.internal.patient import PATIENT

_KEY = re.compile(r"[A-Za-z0-9.-]{1,64}")
_PAGE, _COUNT = "_page", "_count"
_LARGEST = 100


def read(account: Account, type: str, id: str) -> Flow[Resource]:
    _require_patient(type)
    if not _KEY.fullmatch(id) or not id.strip("."):
        raise NotFound(f"no Patient with this id in {account.name}")
    reply = yield from send(get_patient(account, id))
    if reply.status == 404:
        raise NotFound(f"no Patient with this id in {account.name}")
    return _resource(account, patient_of(reply))


def search(account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
    _require_patient(type)
    names = [(name, value) for name, value in params if name.partition(":")[0] in ("name", "family", "given")]
    birthdates = [span_of(value) for name, value in params if name == "birthdate"]
    _refuse_others(params)
    if any(name == "_id" for name, _ in params):
        return (yield from _by_id(account, params, names, birthdates))
    return (yield from _listed(account, params, names, birthdates))


def _require_patient(type: str) -> None:
    if type != "Patient":
        raise NotSupported(f"this connection serves Patient and no {type}")


def _refuse_others(params: Sequence[tuple[str, str]]) -> None:
    plain, textual = {"_id", "birthdate", _PAGE, _COUNT}, {"name", "family", "given"}
    for name, _ in params:
        stem, _, modifier = name.partition(":")
        if name not in plain and (stem not in textual or modifier not in ("", "exact", "contains")):
            known = ", ".join(sorted(plain | textual))
            raise NotSupported(f"this connection searches Patient by {known}; names take :exact and :contains")


def _by_id(
    account: Account, params: Sequence[tuple[str, str]], names: Sequence[tuple[str, str]], born: Sequence[Span]
) -> Flow[Found]:
    wanted = [set(value.split(",")) for name, value in params if name == "_id"]
    keys = sorted(key for key in set.intersection(*wanted) if _KEY.fullmatch(key) and key.strip("."))
    if len(keys) > _LARGEST:
        raise Invalid(f"_id takes up to {_LARGEST} values here")
    replies = yield from gather([get_patient(account, key) for key in keys])
    found = [patient_of(reply) for reply in replies if reply.status != 404]
    fitting = [record for record in found if matches(record, names) and all(_born(record, span) for span in born)]
    return Found(tuple(_resource(account, record) for record in fitting), total=len(fitting))


def _listed(
    account: Account, params: Sequence[tuple[str, str]], names: Sequence[tuple[str, str]], born: Sequence[Span]
) -> Flow[Found]:
    page, size = _number(params, _PAGE, 1, 1_000_000), _number(params, _COUNT, 50, _LARGEST)
    query = [("page", str(page)), ("page_size", str(max(size, 1))), *_bounds(born)]
    query += [("search", word)] if (word := narrowing(names)) else []
    reply = yield from send(Call("GET", patients(account), tuple(query)))
    rows, total = rows_of(reply, "items"), reply.json().get("total")
    exact = None if names or not isinstance(total, int) else total
    if size == 0:
        return Found((), total=exact)
    records = yield from in_full(account, rows)
    resources = tuple(_resource(account, record) for record in records if matches(record, names))
    more = len(rows) == size and (not isinstance(total, int) or page * size < total)
    return Found(resources, _next(params, page) if more else None, exact)


def _next(params: Sequence[tuple[str, str]], page: int) -> str:
    return urlencode([*((name, value) for name, value in params if name != _PAGE), (_PAGE, str(page + 1))])


def _number(params: Sequence[tuple[str, str]], wanted: str, default: int, most: int) -> int:
    text = next((value for name, value in params if name == wanted), str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text) or (wanted == _PAGE and int(text) == 0):
        raise Invalid(f"{wanted} takes a whole number")
    return min(int(text), most)


def _bounds(born: Sequence[Span]) -> list[tuple[str, str]]:
    lower = [span.first for span in born if span.first]
    upper = [span.last for span in born if span.last]
    query = [("dob_from", max(lower).isoformat())] if lower else []
    return query + ([("dob_to", min(upper).isoformat())] if upper else [])


def _born(record: Record, span: Span) -> bool:
    try:
        day = date.fromisoformat(record.get("date_of_birth") or "")
    except ValueError:
        return False
    return (span.first or date.min) <= day <= (span.last or date.max)


def _resource(account: Account, record: Record) -> Resource:
    """With the EMR's key as id. References to what this face does not serve become logical ones."""
    resource = PATIENT.bound(account.bindings).to_fhir(record).value
    resource = {"resourceType": "Patient", "id": record["id"], "meta": _meta(record), **resource}
    _make_logical(account, resource)
    return resource


def _meta(record: Record) -> Resource:
    meta = {"versionId": str(record["version"])}
    try:
        saved = datetime.fromisoformat(record["updated_at"])
    except ValueError:
        return meta
    return {**meta, "lastUpdated": saved.isoformat()} if saved.tzinfo else meta


def _make_logical(account: Account, node: Any) -> None:
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _make_logical(account, child)
    target = node.get("reference") if isinstance(node, dict) else None
    if not isinstance(target, str) or not target.startswith("emr:"):
        return
    type, _, key = target.removeprefix("emr:").partition("/")
    if type == "Patient":
        node["reference"] = f"Patient/{key}"
    else:
        del node["reference"]
        node |= {"type": type, "identifier": {"system": account.system("id"), "value": key}}
