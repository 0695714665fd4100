"""Links: identity between the store and an EMR, and the lease of a push."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.faults import EmrBusy
from gateway.sync import links
from gateway.sync.known import KnownPatients
from gateway.sync.tables import Link
from tests.gateway.sync.clinic import Clinic

SECOND = 1_000_000


@pytest.fixture
async def connection(clinic: Clinic) -> int:
    await clinic.connect("ritten")
    return (await clinic.connection("ritten")).id or 0


def link(connection: int, local: str, key: str | None = None, **more: Any) -> Link:
    return Link(org=1, connection=connection, type="Patient", local_id=local, external_key=key, **more)


async def keep(clinic: Clinic, *made: Link) -> None:
    await clinic.session(lambda session: session.add_all(made))


async def test_a_link_is_found_from_both_sides(clinic: Clinic, connection: int) -> None:
    await keep(clinic, link(connection, "a", "1"), link(connection, "b"))
    assert await clinic.session(lambda s: links.by_local(s, connection, "Patient", "a").external_key) == "1"  # type: ignore[union-attr]
    assert await clinic.session(lambda s: links.by_external(s, connection, "Patient", "1").local_id) == "a"  # type: ignore[union-attr]
    assert await clinic.session(lambda s: links.by_external(s, connection, "Coverage", "1")) is None
    assert await clinic.session(lambda s: links.by_external(s, connection + 1, "Patient", "1")) is None


@pytest.mark.parametrize(("local", "key"), [("a", "2"), ("c", "1")])
async def test_neither_side_is_linked_twice(clinic: Clinic, connection: int, local: str, key: str) -> None:
    await keep(clinic, link(connection, "a", "1"))
    with pytest.raises(IntegrityError):
        await keep(clinic, link(connection, local, key))


async def test_awaiting_are_those_that_were_pushed_and_have_no_key(clinic: Clinic, connection: int) -> None:
    await keep(
        clinic,
        link(connection, "new"),
        link(connection, "sent", pushed="digest"),
        link(connection, "told", "1", pushed="digest"),
    )
    assert await clinic.session(lambda s: [each.local_id for each in links.awaiting(s, connection)]) == ["sent"]


async def test_a_lease_keeps_others_away_until_it_ends(clinic: Clinic, connection: int) -> None:
    mine = link(connection, "a")
    await clinic.session(lambda s: links.hold(s, mine, "one", 0))
    await clinic.session(lambda s: links.hold(s, mine, "one", 5 * SECOND))
    with pytest.raises(EmrBusy) as busy:
        await clinic.session(lambda s: links.hold(s, mine, "two", 6 * SECOND))
    assert busy.value.after == 5
    await clinic.session(lambda s: links.hold(s, mine, "two", (5 + links.LEASE_SECONDS) * SECOND))
    assert mine.holder == "two"


def test_only_its_holder_releases_a_link() -> None:
    mine = link(1, "a", holder="one", held_until=5)
    links.release(mine, "two")
    assert (mine.holder, mine.held_until) == ("one", 5)
    links.release(mine, "one")
    assert (mine.holder, mine.held_until) == (None, None)


def test_records_keep_their_digits() -> None:
    kept = links.encode_record({"fee": Decimal("1.00"), "name": "Ünal"})
    assert kept == '{"fee":1.00,"name":"Ünal"}'.encode()
    assert str((links.decode_record(kept) or {})["fee"]) == "1.00"
    assert links.encode_record(None) is None
    assert links.record_of(None) is None


async def test_known_patients_come_longest_unsynced_first_and_read_their_records_when_asked(
    clinic: Clinic, connection: int
) -> None:
    await keep(
        clinic,
        link(connection, "a", "1", synced=9, record=b'{"ssn":"x"}'),
        link(connection, "b", "2", synced=3),
        link(connection, "c", synced=1),
        Link(org=1, connection=connection, type="Coverage", local_id="d", external_key="4"),
    )
    engine = clinic.services.store.engine
    known = await clinic.session(lambda s: KnownPatients.of(s, engine, connection))
    assert [(each.local_id, each.external_id, each.record) for each in known] == [
        ("b", "2", None),
        ("a", "1", {"ssn": "x"}),
    ]
    assert (len(known), known[1].record, [each.local_id for each in known[1:]]) == (2, {"ssn": "x"}, ["a"])
    assert "ssn" not in repr(known[1])
