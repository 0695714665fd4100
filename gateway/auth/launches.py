"""EHR launches: what an application is launched about, behind an opaque text that serves once and not for long.

SMART App Launch 2.2, "Launch App: EHR Launch". Whoever mints it (the console, /admin/v1) names the patient and the
rest; the application gets the text alone, hands it to the authorization endpoint as `launch`, and learns the context
from the token response. The row goes when a code is made of it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col

from gateway.auth.grant_tables import LaunchContext
from gateway.auth.keys import MICROSECONDS
from gateway.auth.secrets import Random
from gateway.auth.sessions import digest_of
from gateway.auth.users import LOGICAL_ID
from gateway.faults import Invalid

LIFETIME_US = 300 * MICROSECONDS
MAX_LAUNCH = 256
MAX_TEXT = 1_000
MAX_CONTEXTS = 50
POINTERS = ("reference", "canonical", "identifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a launch is about; `fhir_context` is the array of SMART's `fhirContext`."""

    patient: str | None = None
    encounter: str | None = None
    intent: str | None = None
    need_patient_banner: bool | None = None
    smart_style_url: str | None = None
    fhir_context: Sequence[dict[str, Any]] = field(default=())
    client_id: str | None = None
    email: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Patient and encounter apart, as the token response gives them; what was not said is left out."""
        said = {
            "intent": self.intent,
            "need_patient_banner": self.need_patient_banner,
            "smart_style_url": self.smart_style_url,
            "fhirContext": list(self.fhir_context) or None,
        }
        return {name: value for name, value in said.items() if value is not None}


def mint(session: Session, org: int, launch: Launch, *, now: int, random: Random) -> str:
    """The opaque text. Raises Invalid."""
    check(launch)
    session.connection().execute(delete(LaunchContext).where(col(LaunchContext.expires) <= now))
    text = base64.urlsafe_b64encode(random(32)).rstrip(b"=").decode()
    session.add(
        LaunchContext(
            org=org,
            digest=digest_of(text),
            client_id=launch.client_id,
            email=launch.email,
            context={"patient": launch.patient, "encounter": launch.encounter, **launch.parameters},
            created=now,
            expires=now + LIFETIME_US,
        )
    )
    session.flush()
    return text


def find(session: Session, org: int, text: str, client_id: str, *, now: int) -> LaunchContext | None:
    """The launch behind a text, if it is one for this client and still good."""
    row = session.get(LaunchContext, (org, digest_of(text))) if len(text) <= MAX_LAUNCH else None
    if row is None or row.expires <= now or row.client_id not in (None, client_id):
        return None
    return row


def use(session: Session, org: int, digest: str, *, now: int) -> bool:
    """Whether this was the first use; two at once cannot both be."""
    this = (col(LaunchContext.org) == org, col(LaunchContext.digest) == digest, col(LaunchContext.expires) > now)
    return session.connection().execute(delete(LaunchContext).where(*this)).rowcount == 1


def check(launch: Launch) -> None:
    for name, id in (("patient", launch.patient), ("encounter", launch.encounter)):
        if id is not None and not LOGICAL_ID.fullmatch(id):
            raise Invalid("Write the id alone: 1 to 64 letters, digits, hyphens and dots", name)
    for name, text in (("intent", launch.intent), ("smart_style_url", launch.smart_style_url)):
        if text is not None and not 0 < len(text) <= MAX_TEXT:
            raise Invalid(f"Write 1 to {MAX_TEXT} characters", name)
    if launch.encounter and not launch.patient:
        raise Invalid("An encounter is somebody's: name the patient, too", "encounter")
    if len(launch.fhir_context) > MAX_CONTEXTS:
        raise Invalid(f"At most {MAX_CONTEXTS} contexts", "fhirContext")
    for index, item in enumerate(launch.fhir_context):
        _check_context(item, f"fhirContext[{index}]")


def _check_context(item: dict[str, Any], place: str) -> None:
    """SMART 2.2: at least one of three ways to point; Patient and Encounter only in another role than launch."""
    if not any(item.get(name) for name in POINTERS):
        raise Invalid("A context has a reference, a canonical or an identifier", place)
    reference = item.get("reference", "")
    if not isinstance(reference, str) or not isinstance(item.get("role", ""), str):
        raise Invalid("reference and role are texts", place)
    if reference.startswith(("Patient/", "Encounter/")) and item.get("role", "launch") == "launch":
        raise Invalid("Patient and encounter have parameters of their own; here they need another role", place)
