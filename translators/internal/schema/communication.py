"""The log of communications, to which is only added."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import Instant, InstantOrDate, InWords, Key, Line, Note, ShownInstant, ShownKey

Mode = Annotated[Literal["phone", "email", "mail", "in_person", "text", "fax"], InWords]
CommunicationDirection = Annotated[Literal["sent", "received", "neither"], InWords]
Source = Annotated[Literal["user", "automated", "integration"], InWords]


class ListCommunicationsQuery(PageQuery):
    """Which entries."""

    date_from: InstantOrDate | None = Field(default=None, description="From that time or day on.")
    date_to: InstantOrDate | None = Field(default=None, description="Up to that time or day.")
    mode: Mode | None = None
    direction: CommunicationDirection | None = None
    communication_source: Source | None = None
    q: Line = Field(default=None, description="Words of the note.")


class CreateCommunicationIn(In):
    """A new entry."""

    communication_datetime: Instant
    appointment_uuid: Key | None = None
    communication_type_uuid: Key | None = None
    direction: CommunicationDirection | None = None
    mode: Mode | None = None
    note: Note = None


class CommunicationOut(Out):
    """An entry."""

    id: ShownKey
    created_at: ShownInstant
    patient: EntityRef
    communication_datetime: ShownInstant
    communication_source: str
    communication_type: EntityRef | None = None
    direction: str | None = None
    mode: str | None = None
    note: str | None = None
    appointment: EntityRef | None = None
    created_by: EntityRef | None = None


class CommunicationListOut(ListOut):
    """A page of entries."""

    items: list[CommunicationOut]
