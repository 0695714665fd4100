"""The attachments of a chart: their bytes stay in the store while a push is under way, and are read when they are sent.

A journal that kept every picture of every attempt would outgrow the store. So a chart goes into a push without the
bytes, and says of each attachment where they are and what they are: the translator decides by that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from gateway.definitions.contract import Resource
from gateway.faults import DatabaseBusy
from gateway.search.labels import LabelRule
from gateway.sync.withholding import is_open
from gateway.translation import path
from gateway.translation.contract import Chart, File

Read = Callable[[str, str], Resource | None]
"""(type, id) → the resource; None when it is not there."""
SIGNS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
"""What files begin with, whatever their label says."""
CHANGED = "an attachment changed while it was being sent; it goes as it is now with the next attempt"


def media_type_of(content: bytes) -> str | None:
    return next((kind for sign, kind in SIGNS.items() if content.startswith(sign)), None)


def without_bytes(chart: Chart, read: Read, base: str, rule: LabelRule) -> Chart:
    """The chart with `files`, and without the bytes. A Binary whose labels are not open has no file."""
    patient, documents = path.copied(chart.patient), tuple(map(path.copied, chart.of("DocumentReference")))
    files: dict[str, File] = {}
    for resource in (patient, *documents):
        for place, attachment in attachments(resource):
            found = _found(resource, place, attachment, read, base, rule)
            attachment.pop("data", None)
            if found is not None:
                files[f"{_name(resource)}.{place}"] = found
    resources = {**chart.resources, "DocumentReference": documents} if documents else chart.resources
    return replace(chart, patient=patient, resources=resources, files=files)


def _name(resource: Resource) -> str:
    """As places of a chart are written: the one patient goes without an id."""
    return "Patient" if resource["resourceType"] == "Patient" else f"{resource['resourceType']}/{resource['id']}"


def attachments(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place within the resource → Attachment."""
    for index, photo in enumerate(resource.get("photo", ())):
        yield f"photo[{index}]", photo
    for index, content in enumerate(resource.get("content", ())):
        if isinstance(content.get("attachment"), dict):
            yield f"content[{index}].attachment", content["attachment"]


def _found(resource: Resource, place: str, attachment: Resource, read: Read, base: str, rule: LabelRule) -> File | None:
    if "data" in attachment:
        return _file(f"{resource['resourceType']}/{resource['id']}#{place}", attachment["data"])
    id = _binary(str(attachment.get("url", "")), base)
    binary = read("Binary", id) if id else None
    if binary is None or not is_open(binary, rule):
        return None
    return _file(f"Binary/{id}", binary.get("data", ""))


def _binary(url: str, base: str) -> str | None:
    """The id of a Binary of this server; what lies elsewhere is not fetched."""
    type, _, id = url.removeprefix(f"{base}/").partition("/")
    return id.partition("/_history/")[0] if type == "Binary" else None


def _file(source: str, data: str) -> File | None:
    content = _decoded(data)
    if not content:
        return None
    return File(source, media_type_of(content), len(content), hashlib.sha256(content).hexdigest())


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data)
    except (binascii.Error, ValueError):
        return b""


def bytes_of(file: File, resource: Resource | None) -> bytes:
    """`resource` is the one that the source names, as it is now. Raises DatabaseBusy when it says something else."""
    _, _, place = file.source.partition("#")
    data: Any = (resource or {}).get("data", "")
    if place:
        data = next((a.get("data", "") for p, a in attachments(resource or {}) if p == place), "")
    content = _decoded(str(data))
    if hashlib.sha256(content).hexdigest() != file.digest:
        raise DatabaseBusy(CHANGED)
    return content
