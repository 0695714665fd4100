"""How KIPU reads a document with attachments: a form with names in brackets, PDF and JPEG, to places that it knows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from translators.kipu.sandbox_document import Json
from translators.kipu.sandbox_signature import Refusal

FORM = "multipart/form-data"
KEYS = re.compile(r"[^\[\]]+")
FLAGS = ("incoming_patch", "update_patient_attributes", "update")
OF_A_POLICY = ("insurance_image", "insurance_insurance_card_image")
PLACES = ("patient_patient_id_image", "patient_image", *OF_A_POLICY)
KNOWN = frozenset({"attachment", "attachment_name", "origin_id", "attachment_patient_process_id"})


async def said(request: Request, body: bytes) -> Any:
    """The body as JSON, whichever of the two forms it has."""
    if request.headers.get("content-type", "").startswith(FORM):
        return await _form(request)
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise Refusal(400, "the body is no JSON") from error


async def _form(request: Request) -> Json:
    tree: Json = {}
    async with request.form(max_files=50, max_fields=5000) as form:
        for name, value in form.multi_items():
            _place(tree, KEYS.findall(name), await value.read() if isinstance(value, UploadFile) else value)
    found: Json = _listed(tree)
    data = found.get("document", {}).get("data")
    for flag in FLAGS if isinstance(data, dict) else ():
        if flag in data:
            data[flag] = data[flag] == "true"
    return found


def _place(tree: Json, keys: list[str], value: Any) -> None:
    *way, last = keys or [""]
    for key in way:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise Refusal(400, "a field is a value and holds others")
    if last in tree:
        raise Refusal(400, "a field is given twice")
    tree[last] = value


def _listed(node: Any) -> Any:
    """Objects whose names are 0, 1, 2 … are lists."""
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_listed(node[key]) for key in sorted(node, key=int)]
    return {key: _listed(value) for key, value in node.items()}


def uploads(document: Json, chart: Json | None) -> list[Json]:
    """What is attached, checked; raises 422 before anything of the document is done."""
    items = document.get("attachments_attributes") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal(422, "attachments_attributes must be a list")
    origins = set(_origins(document, chart))
    return [_upload(item, origins) for item in items]


def _origins(document: Json, chart: Json | None) -> Iterator[str]:
    policies = [*(document["data"].get("insurances_attributes") or ()), *((chart or {}).get("insurances") or ())]
    return (str(policy["origin_id"]) for policy in policies if policy.get("origin_id"))


def _upload(item: Json, origins: set[str]) -> Json:
    content, name, origin = item.get("attachment"), item.get("attachment_name"), item.get("origin_id")
    if set(item) - KNOWN or not isinstance(content, bytes):
        raise Refusal(422, "attachment is not processable")
    if name is not None and name not in PLACES:
        raise Refusal(422, "attachment_name is not included in the list")
    if name in OF_A_POLICY and origin not in origins:
        raise Refusal(422, "origin_id belongs to no insurance")
    if not content.startswith((b"%PDF-", b"\xff\xd8\xff")):
        raise Refusal(422, "attachment is not processable: PDF and JPEG only")
    return {"name": name, "origin_id": origin, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
