"""What an operator may map a word of the CRM's to: fields that the EMR's API has, and places that the EMR has shown."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session, col, select

from gateway.faults import Conflict, Invalid
from gateway.store import document
from gateway.store.tables import ResourceRow
from gateway.sync.tables import Connection, Link, Mapping
from gateway.translation.contract import Translator
from gateway.translation.unmapped import OFFERED, Unmapped
from gateway.translation.unmapped import nearest as nearest

CUSTOM_FIELD, LOCATION = "custom-field", "location"
MAX_PLACES = 2000


def check_custom_field(
    session: Session, row: Connection, translator: Translator, source: str, target: str
) -> Iterator[str]:
    """What to know of the binding. Raises Invalid where the API has no such field, Conflict where it is taken."""
    fields = translator.custom_fields
    if not fields:
        raise Invalid(f"{translator.title} has no fields that custom fields could be bound to", "target")
    if target not in fields:
        near = nearest(target, fields) or sorted(fields)
        raise Invalid(f"{translator.title}'s API has no custom field {target}; there is {', '.join(near)}", "target")
    taken = select(Mapping.source).where(
        Mapping.connection == row.id, Mapping.kind == CUSTOM_FIELD, Mapping.target == target, Mapping.source != source
    )
    if (other := session.exec(taken).first()) is not None:
        raise Conflict(
            f"{target} is bound to {other} already: two fields cannot be one; remove that mapping first", "target"
        )
    if source != target and source in fields:
        raise Invalid(f"{source} is another field of {translator.title}'s own; the CRM's needs another name", "source")
    if not fields[target].writable:
        yield f"{translator.title}'s API only shows {target}: it comes from there, and what the CRM writes stays here"


def check_location(session: Session, row: Connection, target: str) -> Iterator[str]:
    """A warning where places were pulled and this is none of them: the list may be old, so it is no refusal."""
    places = {key: name for key, name in _places(session, row) if key}
    if not places or target in places:
        return
    by_name = [key for key, name in places.items() if name == target]
    near = by_name or nearest(target, places) or sorted(places)[:OFFERED]
    told = ", ".join(f"{key} ({places[key]})" if places[key] else key for key in near)
    yield f"no location with the key {target} was pulled over this connection; there is {told}"


def places_like(session: Session, connection: int, word: Unmapped) -> list[str]:
    """For a location that is not mapped: the EMR's places whose names are most like it, as an operator enters them."""
    row = session.get(Connection, connection) if word.kind == LOCATION else None
    if row is None:
        return []
    places = [(name, key) for key, name in _places(session, row) if key and name]
    like = nearest(word.source, {name for name, _ in places})
    return [f"{key} ({name})" for each in like for name, key in places if name == each][:OFFERED]


def _places(session: Session, row: Connection) -> Iterator[tuple[str, str]]:
    """Key and name of the sites that the EMR keyed itself: their links' keys end in it."""
    wanted = (
        select(Link.external_key, ResourceRow.body)
        .where(Link.connection == row.id, Link.type == "Location", col(Link.external_key).is_not(None))
        .where(ResourceRow.org == Link.org, ResourceRow.type == Link.type, ResourceRow.id == Link.local_id)
        .limit(MAX_PLACES)
    )
    for _, body in session.exec(wanted):
        place = document.decode(body) if body else {}
        for identifier in place.get("identifier", ()):
            if str(identifier.get("system", "")).endswith(f"/NamingSystem/{row.name}-id"):
                yield str(identifier.get("value", "")), str(place.get("name", ""))
