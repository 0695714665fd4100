"""Which element of Ritten's `insurance` each policy of a chart is. Each is one policy's at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.translation.contract import Account, Linked
from gateway.translation.rows import Record, Resource

Told = tuple[Resource, str | None]
"""A Coverage and Ritten's id of its payer."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What Ritten calls the policies of a chart."""

    of: Mapping[str, set[str]]
    """By the Coverage's id."""
    taken: frozenset[str]
    """Those of policies that do not travel now: nobody else is one of them."""


def claimed(policies: Sequence[Told], items: Sequence[Record], base: Sequence[Record], keys: Keys) -> dict[int, int]:
    """Number of the policy → index of its item: the one of its key, else of its member id and payer.

    A policy without a key whose member id or payer was corrected in the chart is the one that was there at the last
    sync with the same other half.
    """
    synced = {item.get("id") for item in base if item.get("id")}

    def has_key(policy: Told, item: Record) -> bool:
        return item.get("id") in keys.of[policy[0]["id"]]

    def has_member(policy: Told, item: Record) -> bool:
        return bool(item.get("memberIdentifier") == policy[0].get("subscriberId"))

    def has_payer(policy: Told, item: Record) -> bool:
        return bool(item.get("payerId") == policy[1])

    rules: tuple[Callable[[Told, Record], bool], ...] = (
        has_key,
        lambda policy, item: has_payer(policy, item) and has_member(policy, item),
        lambda policy, item: has_payer(policy, item) and item.get("id") in synced,
        lambda policy, item: "subscriberId" in policy[0] and has_member(policy, item) and item.get("id") in synced,
    )
    unclaimed = [index for index, item in enumerate(items) if item.get("id") not in keys.taken]
    claims: dict[int, int] = {}
    for fits in rules:
        for number, policy in enumerate(policies):
            free = (index for index in unclaimed if index not in claims.values())
            index = next((index for index in free if fits(policy, items[index])), None)
            if number not in claims and index is not None:
                claims[number] = index
    return claims


def keys(coverage: Resource, link: Linked, account: Account) -> set[str]:
    """What Ritten calls the policy, as the gateway remembers it or the chart says."""
    system = account.system("id")
    told = {
        item["value"] for item in coverage.get("identifier", ()) if item.get("system") == system and "value" in item
    }
    known = link.keys.get(f"Coverage/{coverage['id']}")
    return told | ({known} if known else set())


def is_like(coverage: Resource, item: Record, link: Linked, account: Account) -> bool:
    """Whether the item may be this policy, whatever became of its payer."""
    member = coverage.get("subscriberId")
    return item.get("id") in keys(coverage, link, account) or (
        member is not None and member == item.get("memberIdentifier")
    )
