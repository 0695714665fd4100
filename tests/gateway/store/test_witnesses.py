"""Witnesses see what every transaction has written, within it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.store.contract import Stored, Transaction
from gateway.store.store import SqlStore

Seen = list[list[tuple[str, int, bool]]]


class Remembering:
    """A witness."""

    def __init__(self) -> None:
        self.seen: Seen = []

    def __call__(self, transaction: Transaction, changes: Sequence[Stored]) -> None:
        self.seen.append([(change.id, change.version, change.deleted) for change in changes])


def patient(id: str, **more: object) -> dict[str, object]:
    return {"resourceType": "Patient", "id": id, **more}


@pytest.fixture
def witness(store: SqlStore) -> Remembering:
    witness = Remembering()
    store.witnesses.append(witness)
    return witness


async def test_every_version_is_seen_once_and_in_order(store: SqlStore, witness: Remembering) -> None:
    def work(tx: Transaction) -> None:
        tx.put(patient("a"))
        tx.put(patient("a"))
        tx.put(patient("a", active=True))
        tx.delete("Patient", "a")

    await store.write(1, work)
    assert witness.seen == [[("a", 1, False), ("a", 2, False), ("a", 3, True)]]


async def test_nothing_is_seen_where_nothing_was_written(store: SqlStore, witness: Remembering) -> None:
    await store.write(1, lambda tx: tx.read("Patient", "a"))
    assert witness.seen == []


async def test_what_a_witness_writes_is_seen_in_turn(store: SqlStore, witness: Remembering) -> None:
    def writing(tx: Transaction, changes: Sequence[Stored]) -> None:
        if changes[0].id == "a":
            tx.put(patient("b"))

    store.witnesses.append(writing)
    await store.write(1, lambda tx: tx.put(patient("a")))
    assert witness.seen == [[("a", 1, False)], [("b", 1, False)]]


async def test_what_a_witness_raises_undoes_the_write(store: SqlStore) -> None:
    def refusing(tx: Transaction, changes: Sequence[Stored]) -> None:
        raise LookupError

    store.witnesses.append(refusing)
    with pytest.raises(LookupError):
        await store.write(1, lambda tx: tx.put(patient("a")))
    assert await store.read(1, "Patient", "a") is None
