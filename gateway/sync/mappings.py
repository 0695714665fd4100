"""Rows of a connection's mapping tables: what an operator enters, checked."""

from __future__ import annotations

from sqlmodel import Session

from gateway.faults import Invalid, NotFound
from gateway.sync.connections import MAPPING_KINDS
from gateway.sync.mapping_targets import CUSTOM_FIELD, LOCATION, check_custom_field, check_location
from gateway.sync.payer_targets import PAYER, check_payer
from gateway.sync.tables import Connection, Mapping
from gateway.translation.contract import Translator

MAX_WORD = 500


def set_mapping(
    session: Session, row: Connection, translator: Translator, kind: str, source: str, target: str
) -> tuple[str, ...]:
    """`source`, as the CRM says it, is `target` at the EMR; a row with the same source is replaced.

    Answers what the operator should know of it. Raises Invalid and Conflict.
    """
    _check_kind(kind)
    for element, word in (("source", source), ("target", target)):
        if not word.strip() or len(word) > MAX_WORD or not word.isprintable():
            raise Invalid(f"Write 1 to {MAX_WORD} printable characters", element)
    source, target = source.strip(), target.strip()
    warnings: tuple[str, ...] = ()
    if kind == CUSTOM_FIELD:
        warnings = tuple(check_custom_field(session, row, translator, source, target))
    elif kind == LOCATION:
        warnings = tuple(check_location(session, row, target))
    elif kind == PAYER:
        warnings = tuple(check_payer(session, row, target))
    session.merge(Mapping(connection=row.id or 0, kind=kind, source=source, target=target))
    session.flush()
    return warnings


def remove_mapping(session: Session, row: Connection, kind: str, source: str) -> None:
    """Raises Invalid and NotFound."""
    _check_kind(kind)
    found = session.get(Mapping, (row.id or 0, kind, source))
    if found is None:
        raise NotFound("There is no such mapping any more", "source")
    session.delete(found)
    session.flush()


def _check_kind(kind: str) -> None:
    if kind not in MAPPING_KINDS:
        raise Invalid(f"A mapping is one of {', '.join(MAPPING_KINDS)}", "kind")
