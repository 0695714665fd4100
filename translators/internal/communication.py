"""Communication log: the field table of `PatientCommunicationLogOut`.

FHIR tells the direction by the time that is there, `sent` or `received`, and by who the sender is. Who entered the log
is not the sender: of what came in, that is the patient. Entries are append-only, and say so themselves: the gateway
holds every road to that (gateway/interactions/permanence.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.canonical import extension_url
from gateway.translation.codec import INSTANT, Coded, Unreadable, concept
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import ID, own, related, related_own
from translators.internal.vocabulary import reference, same

PARTICIPATION_MODE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
DIRECTION = extension_url("communication-direction")
APPEND_ONLY = extension_url("append-only")
SENT, RECEIVED, NEITHER, UNSPECIFIED = "sent", "received", "neither", "unspecified"
UNSAID: Mapping[str, Any] = {"communication_source": "integration"}
"""What an entry of another system, which does not say it, is shown with."""

MODE = concept(
    (
        Coded("phone", PARTICIPATION_MODE, "PHONE", "telephone"),
        Coded("email", PARTICIPATION_MODE, "EMAILWRIT", "email"),
        Coded("mail", PARTICIPATION_MODE, "MAILWRIT", "mail"),
        Coded("in_person", PARTICIPATION_MODE, "FACE", "face-to-face"),
        Coded("text", PARTICIPATION_MODE, "SMSWRIT", "SMS message"),
        Coded("fax", PARTICIPATION_MODE, "FAXWRIT", "telefax"),
    ),
    back={"APPWRIT": "text", "MMSWRIT": "text", "MSGWRIT": "text"},
    free_text=False,
)
SOURCE = same("user", "automated", "integration")

_EXACT = parse(f"extension[url={DIRECTION}].valueCode")
_FROM_PATIENT = ("Patient/", "RelatedPerson/")


def _read_direction(record: Record, resource: Resource, bindings: Bindings) -> None:
    moment, direction = record.get("communication_datetime"), record.get("direction")
    if direction not in (SENT, RECEIVED, NEITHER, None, ""):
        raise Unreadable("expected sent, received or neither")
    if moment is None:
        return
    resource[RECEIVED if direction == RECEIVED else SENT] = INSTANT.decode(moment)
    if direction not in (SENT, RECEIVED):
        resource["extension"] = [{"url": DIRECTION, "valueCode": direction or UNSPECIFIED}]


def _write_direction(resource: Resource, record: Record, bindings: Bindings) -> None:
    direction = get(resource, _EXACT) or _implied(resource)
    moment = resource.get(RECEIVED) if direction == RECEIVED else None
    moment = moment or resource.get(SENT) or resource.get(RECEIVED)
    if moment is None:
        return
    record["communication_datetime"] = _instant(moment)
    if direction in (SENT, RECEIVED, NEITHER):
        record["direction"] = direction


def _implied(resource: Resource) -> str:
    """What R4's own elements say."""
    sender = str((resource.get("sender") or {}).get("reference", ""))
    return RECEIVED if sender.startswith(_FROM_PATIENT) or not resource.get(SENT) else SENT


def _instant(value: Any) -> str:
    """A FHIR dateTime as a moment: the API knows no days and months without a time."""
    try:
        return str(INSTANT.encode(value))
    except Unreadable:
        pass
    try:
        return f"{date.fromisoformat((str(value) + '-01-01')[:10])}T00:00:00Z"
    except ValueError as error:
        raise Unreadable("expected a time") from error


WHEN = Pair(
    ("communication_datetime", "direction"),
    (SENT, RECEIVED, f"extension[url={DIRECTION}]"),
    _read_direction,
    _write_direction,
)

COMMUNICATION = ResourceMap(
    "Communication",
    frozenset({Interaction.READ, Interaction.CREATE}),
    (
        ID,
        *related("patient", "subject", "Patient"),
        WHEN,
        Field("mode", "medium[0]", MODE),
        Field("note", "payload[0].contentString"),
        Field(
            "communication_type.id",
            f"extension[url={extension_url('communication-type')}].valueReference.reference",
            reference("Basic"),
        ),
        Field("communication_type.name", "category[0].text"),
        *related("appointment", "about[type=Appointment|]", "Appointment"),
        own("communication_source", "communication-source", "valueCode", SOURCE),
        *related_own("created_by", "logged-by", "Practitioner"),
    ),
    constants={"status": "completed", f"extension[url={APPEND_ONLY}].valueBoolean": True},
    silent={
        f"extension[url={APPEND_ONLY}]": "every entry of the API's log is append-only",
        "medium.coding.display": "repeats its code",
    },
)
