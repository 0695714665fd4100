"""Pictures that go with a document: insurance card, ID card and photo, each to its own place at KIPU, once.

KIPU takes PDF and JPEG and names the places; the pictures of a card are tied to their policy by `origin_id`, a number
of the sender's. Sending one again puts it in the same place, so a lost answer does no harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.translation.contract import Chart, File
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Resource

LOINC = "http://loinc.org"
CARD, PHOTO, ID_CARD = "64290-0", "72170-4", "53245-7"
PLACES: Mapping[str, tuple[str, ...]] = {
    CARD: ("insurance_insurance_card_image", "insurance_image"),
    PHOTO: ("patient_image",),
    ID_CARD: ("patient_patient_id_image",),
}
"""LOINC code of the DocumentReference → KIPU's places, of a card the front and the back."""
TAKEN = {"application/pdf": "pdf", "image/jpeg": "jpg"}
MAX_FILE = 10 * 1024 * 1024
MAX_DOCUMENT = 24 * 1024 * 1024
CURRENT = "current"
OTHER = "KIPU takes an insurance card, an ID card and a photo as attachments, and no other documents"


@dataclass(frozen=True, slots=True)
class Picture:
    """One file and its place at KIPU."""

    place: str
    """KIPU's attachment_name."""
    file: File
    source: str
    """The FHIR element that it comes from."""
    policy: str | None = None
    """`Coverage/id` of the policy whose card it is."""

    @property
    def origin(self) -> int | None:
        return None if self.policy is None else origin(self.policy)

    @property
    def slot(self) -> str:
        """Under which it is remembered that it was sent."""
        return self.place if self.origin is None else f"{self.place}:{self.origin}"

    @property
    def filename(self) -> str:
        return f"{self.place}.{TAKEN[self.file.media_type or '']}"


@dataclass(slots=True)
class Pictures:
    """What of a chart goes as attachments, and what cannot."""

    taken: dict[str, Picture] = field(default_factory=dict)
    """By slot."""
    left_out: list[LeftOut] = field(default_factory=list)

    def pending(self, sent: Mapping[str, str]) -> list[Picture]:
        """Those that KIPU does not have, as many as one document holds."""
        new = [picture for slot, picture in self.taken.items() if sent.get(slot) != picture.file.digest]
        room, chosen = MAX_DOCUMENT, []
        for picture in new:
            room -= picture.file.size
            if room >= 0:
                chosen.append(picture)
        return chosen

    @property
    def carried(self) -> tuple[str, ...]:
        """DocumentReferences of which something goes."""
        return tuple(dict.fromkeys(picture.source.partition(".")[0] for picture in self.taken.values()))

    def take(self, picture: Picture) -> None:
        if before := self.taken.get(picture.slot):
            self.left_out.append(LeftOut(before.source, f"{picture.source} goes to the same place of KIPU's"))
        self.taken[picture.slot] = picture


def origin(policy: str) -> int:
    """The number by which KIPU ties a card to its policy: the same whenever the policy is sent."""
    return int.from_bytes(hashlib.sha256(policy.encode()).digest()[:4], "big") & 0x7FFF_FFFF


def pictures(chart: Chart, policies: tuple[str, ...]) -> Pictures:
    """`policies`: `Coverage/id` of those that KIPU has or gets. Of two for one place the later one goes."""
    found = Pictures()
    for document in chart.of("DocumentReference"):
        _add(chart, document, policies, found)
    for index, _ in enumerate(chart.patient.get("photo", ())):
        _add_one(chart, f"Patient.photo[{index}]", PLACES[PHOTO][0], None, found)
    return found


def _add(chart: Chart, document: Resource, policies: tuple[str, ...], found: Pictures) -> None:
    name, code = f"DocumentReference/{document['id']}", _code(document)
    if code is None:
        found.left_out.append(LeftOut(name, OTHER))
    elif document.get("status", CURRENT) != CURRENT:
        found.left_out.append(LeftOut(name, "it is not current; what KIPU has of it stays there"))
    elif code == CARD and (policy := _policy(document, policies)) is None:
        reason = "it does not say whose card it is: name the Coverage in context.related"
        found.left_out.append(LeftOut(f"{name}.context.related", reason))
    else:
        _add_sides(chart, document, code, policy if code == CARD else None, found)


def _add_sides(chart: Chart, document: Resource, code: str, policy: str | None, found: Pictures) -> None:
    places = PLACES[code]
    for index, content in enumerate(document.get("content", ())):
        source = f"DocumentReference/{document['id']}.content[{index}].attachment"
        side = _side(str(content.get("attachment", {}).get("title", "")), index)
        if side < len(places):
            _add_one(chart, source, places[side], policy, found)
        else:
            found.left_out.append(LeftOut(source, f"KIPU has {len(places)} places for pictures of this kind"))


def _side(title: str, index: int) -> int:
    """0 for the front, 1 for the back: by the title where it says so, else by the order."""
    words = title.casefold()
    return 1 if "back" in words else 0 if "front" in words else index


def _add_one(chart: Chart, source: str, place: str, policy: str | None, found: Pictures) -> None:
    file = chart.files.get(source)
    if reason := _unfit(file):
        found.left_out.append(LeftOut(source, reason))
    elif file is not None:
        found.take(Picture(place, file, source, policy))


def _unfit(file: File | None) -> str | None:
    if file is None:
        return "its bytes are not here: send them as data, or as the url of a Binary of this server"
    if file.media_type not in TAKEN:
        return "KIPU takes PDF and JPEG only, and these bytes are neither, whatever contentType says"
    if file.size > MAX_FILE:
        return f"it is over {MAX_FILE // (1024 * 1024)} MiB: send a smaller one"
    return None


def _code(document: Resource) -> str | None:
    """The first code that has a place at KIPU, of type or category."""
    return next((code for code in _codes(document) if code in PLACES), None)


def _codes(document: Resource) -> Iterator[str]:
    for concept in (document.get("type") or {}, *document.get("category", ())):
        yield from (str(c.get("code")) for c in concept.get("coding", ()) if c.get("system") == LOINC)


def _policy(document: Resource, policies: tuple[str, ...]) -> str | None:
    """The Coverage that it names, else the only one that there is."""
    related = (document.get("context") or {}).get("related", ())
    named = [reference.get("reference") for reference in related]
    if coverages := [name for name in named if str(name).startswith("Coverage/")]:
        return next((name for name in coverages if name in policies), None)
    return policies[0] if len(policies) == 1 else None
