"""What an operator may map a payer code of the CRM's to: payers that the EMR has shown."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session, col, select

from gateway.definitions.contract import Resource
from gateway.store import document
from gateway.store.tables import ResourceRow
from gateway.sync.tables import Connection, Link
from gateway.translation.unmapped import OFFERED, nearest

PAYER = "payer"
MAX_PAYERS = 5000


def check_payer(session: Session, row: Connection, target: str) -> Iterator[str]:
    """A warning where payers were pulled and this is the code or key of none: the list may be old, so no refusal."""
    payers = dict(_payers(session, row))
    if not payers or target in payers:
        return
    near = _by_name(target, payers) or nearest(target, payers) or sorted(payers)[:OFFERED]
    told = ", ".join(f"{code} ({payers[code]})" if payers[code] else code for code in near[:OFFERED])
    yield f"no payer with the code {target} was pulled over this connection; there is {told}"


def _by_name(target: str, payers: dict[str, str]) -> list[str]:
    codes = {name: code for code, name in reversed(payers.items()) if name}
    return [codes[name] for name in nearest(target, codes)]


def _payers(session: Session, row: Connection) -> Iterator[tuple[str, str]]:
    """Each code that a payer of the EMR's is known by, and its name; the EMR's own key last.

    A payer of the CRM's that a push has linked has no record of the EMR's: its codes are the CRM's words.
    """
    wanted = (
        select(Link.external_key, ResourceRow.body)
        .where(Link.connection == row.id, Link.type == "Organization", col(Link.external_key).is_not(None))
        .where(col(Link.record).is_not(None))
        .where(ResourceRow.org == Link.org, ResourceRow.type == Link.type, ResourceRow.id == Link.local_id)
        .limit(MAX_PAYERS)
    )
    found = [(str(key), document.decode(body)) for key, body in session.exec(wanted) if body]
    payers = [(key, organization) for key, organization in found if _is_payer(organization)]
    for key, organization in payers:
        for identifier in organization.get("identifier", ()):
            if identifier.get("value") not in (None, key):
                yield str(identifier["value"]), str(organization.get("name", ""))
    yield from ((key, str(organization.get("name", ""))) for key, organization in payers)


def _is_payer(organization: Resource) -> bool:
    codes = (coding.get("code") for kind in organization.get("type", ()) for coding in kind.get("coding", ()))
    return "pay" in codes
