"""What R4 demands of a resource that the staff have changed and others had said more of; and codes of catalogues."""

from __future__ import annotations

from gateway.translation import path
from gateway.translation.face import Records
from gateway.translation.rows import Resource
from translators.internal.face.interacting import DEFINED
from translators.internal.wording import ABSENT


def noted(records: Records, resource: Resource) -> Resource:
    """A note whose text was cleared goes with its author and time (Annotation.text, 1..1)."""
    notes = [note for note in resource.get("note", ()) if note.get("text")]
    rest = {name: value for name, value in resource.items() if name != "note"}
    return rest | ({"note": notes} if notes else {})


def allergic(records: Records, resource: Resource) -> Resource:
    """The codes of the catalogue's Substance; and an onset without a manifestation has an unknown one."""
    finished = noted(records, resource)
    if "reaction" in resource:
        finished["reaction"] = [_manifest(reaction) for reaction in resource["reaction"]]
    code, entry = resource.get("code", {}), path.get(resource, DEFINED) or {}
    type, _, id = entry.get("reference", "").partition("/")
    if type != "Substance" or code.get("coding") or entry.get("display") != code.get("text"):
        return finished
    substance = records.several((entry["reference"],)).get(f"{type}/{id}")
    codings = substance.resource.get("code", {}).get("coding") if substance else None
    return finished | ({"code": {"coding": codings, **code}} if codings else {})


def _manifest(reaction: Resource) -> Resource:
    return reaction if reaction.get("manifestation") else {"manifestation": [{"coding": [dict(ABSENT)]}], **reaction}
