"""Who referred the patient: Encounter.hospitalization.origin as an element of Ritten's `referrals`.

Ritten takes only the id that the referring organisation has in Ritten. It is known where the origin, or the
Organization that it refers to, carries an identifier of the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.translation.contract import Account, Chart
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource


@dataclass(frozen=True, slots=True)
class Referrals:
    """Ritten's list as it should be, or None where it is so already."""

    whole: list[Record] | None
    left_out: tuple[LeftOut, ...] = ()


def referrals(account: Account, chart: Chart, current: Record) -> Referrals:
    there = list(current.get("referrals") or ())
    known = {item.get("organizationId") for item in there}
    made: list[Record] = []
    left_out: list[LeftOut] = []
    for encounter in chart.of("Encounter"):
        origin = (encounter.get("hospitalization") or {}).get("origin")
        if origin is None:
            continue
        key = next(_keys(account, chart, origin), None)
        if key is None:
            left_out.append(_unknown(account, encounter))
        elif key not in known:
            known.add(key)
            made.append({"organizationId": key})
    if made and not any(item.get("isPrimary") for item in there):
        made[-1]["isPrimary"] = True
    return Referrals([*there, *made] if made else None, tuple(left_out))


def _keys(account: Account, chart: Chart, origin: Resource) -> Iterator[str]:
    organization = chart.resolve(origin) or {}
    for identifier in (origin.get("identifier") or {}, *organization.get("identifier", ())):
        if identifier.get("system") == account.system("id") and identifier.get("value"):
            yield identifier["value"]


def _unknown(account: Account, encounter: Resource) -> LeftOut:
    return LeftOut(
        f"Encounter/{encounter['id']}.hospitalization.origin",
        "the referrer was not sent: its Organization has no id of Ritten's; give it an identifier of system "
        f"{account.system('id')} with the organisation's id in Ritten",
    )
