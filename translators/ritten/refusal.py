"""A PATCH that Ritten refuses. Its 400 has no body, so the parts are sent one by one to learn which it is.

Before that the patient is read again, and what is to be said is worked out anew: should Ritten have taken a part of
what it refused, that part is not said twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from gateway.faults import EmrRefused
from gateway.translation.contract import Call, Flow, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record
from translators.ritten import documents, said

ABOUT_VALUES = frozenset({400, 422})
MENDS: Mapping[str, tuple[str, str]] = {
    "name": ("Patient.name", "check the names"),
    "dob": ("Patient.birthDate", "check the birth date"),
    "ssn": ("Patient.identifier", "check the social security number: nine digits"),
    "demographics": (
        "Patient.gender",
        "check gender, marital status, race, ethnicity, language and gender identity",
    ),
    "emails": ("Patient.telecom", "check the e-mail addresses"),
    "phones": ("Patient.telecom", "check the telephone numbers"),
    "addresses": ("Patient.address", "check the addresses: in the USA the state has to be one"),
    "referrals": ("Encounter.hospitalization.origin", "check the referrer's id in Ritten"),
    "insurance": ("Coverage", "check payer, member id, dates and subscriber of the policies"),
    "externalId": ("Patient.id", "look whether another patient in Ritten has our id"),
}
"""Part of a PATCH → where it comes from, and what a person can do."""


def attempted(patient: Record, body: Record) -> Flow[Record | None]:
    """The patient after a PATCH; None when Ritten calls the values invalid and there are parts to tell apart."""
    path = f"/patients/{quote(patient['id'], safe='')}"
    guard = said.guard(patient, body)
    reply = yield from send(Call("PATCH", path, json=body, accepts=ABOUT_VALUES, guard=guard))
    if reply.status not in ABOUT_VALUES:
        return documents.patient(reply)
    if len(body) == 1:
        raise EmrRefused(f"Ritten called the update invalid ({reply.status}): {_mend(next(iter(body)))}")
    return None


def in_parts(patient: Record, body: Record) -> Flow[tuple[Record, tuple[str, ...]]]:
    """The patient with all that Ritten takes, and the names of the parts that it refuses.

    Raises EmrRefused when it takes none.
    """
    document, refused = patient, []
    path = f"/patients/{quote(patient['id'], safe='')}"
    for name, value in body.items():
        guard = said.guard(patient, {name: value})
        reply = yield from send(Call("PATCH", path, json={name: value}, accepts=ABOUT_VALUES, guard=guard))
        if reply.status in ABOUT_VALUES:
            refused.append(name)
        else:
            document = documents.patient(reply)
    if refused and len(refused) == len(body):
        raise EmrRefused(
            "Ritten called the update invalid (400), and each part of it by itself as well: "
            + "; ".join(map(_mend, refused))
        )
    return document, tuple(refused)


def left_out(refused: Iterable[str]) -> Iterator[LeftOut]:
    for name in refused:
        expression, mend = MENDS[name]
        yield LeftOut(expression, f"Ritten called `{name}` invalid (400) and took the rest; {mend}")


def told(refused: Iterable[str]) -> str | None:
    """For the Task; None when nothing was refused."""
    parts = "; ".join(map(_mend, refused))
    return f"Ritten took the patient but called a part of the update invalid (400): {parts}" if parts else None


def _mend(name: str) -> str:
    return f"`{name}`, {MENDS[name][1]}"
