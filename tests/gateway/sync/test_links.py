"""Links: identity between the store and an EMR, and the lease of a push."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from gateway.faults import EmrBusy
from gateway.sync import links
from gateway.sync.known import KnownPatients
from gateway.sync.tables import Link
from gateway.translation.contract import Chart
from gateway.translation.known import START, place_of
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


async def test_known_patients_are_looked_up_by_key_and_by_person(clinic: Clinic, connection: int) -> None:
    await keep(
        clinic,
        link(connection, "a", "1:x", synced=9, record=b'{"ssn":"x"}'),
        link(connection, "b", "2:y"),
        link(connection, "e", "3:x"),
        link(connection, "c"),
        link(connection, "f", "9"),
        Link(org=1, connection=connection, type="Coverage", local_id="d", external_key="4:x"),
    )
    known = KnownPatients(clinic.services.store.engine, connection)
    assert len(known) == 4
    assert {key: (each.local_id, each.record) for key, each in known.of(["1:x", "2:y", "4:x", "5"]).items()} == {
        "1:x": ("a", {"ssn": "x"}),
        "2:y": ("b", None),
    }
    assert {key: each.local_id for key, each in known.persons(["x", "y", "9", "z"]).items()} == {
        "x": "a",
        "y": "b",
        "9": "f",
    }
    assert [each.external_id for each in known.stalest(1, (0, "1:x"), 2)] == ["2:y", "3:x"]
    assert known.stalest(1, (0, "9"), 5) == known.stalest(0, START, 1) == []
    await clinic.session(lambda session: links.looked(session, connection, ["1:x", "3:x"], 7))
    assert [each.external_id for each in known.stalest(8, START, 9)] == ["2:y", "9", "1:x", "3:x"]
    assert [each.external_id for each in known.stalest(7, START, 9)] == ["2:y", "9"]
    assert (known.of([]), known.persons([])) == ({}, {})
    assert "ssn" not in repr(known.of(["1:x"]))


async def test_looking_known_patients_up_takes_keys_in_any_number(clinic: Clinic, connection: int) -> None:
    await keep(clinic, *(link(connection, f"p{number}", f"{number}") for number in range(900)))
    known = KnownPatients(clinic.services.store.engine, connection)
    assert len(known.of([str(number) for number in range(2000)])) == 900
    seen, place = [], START
    while page := known.stalest(1, place, 100):
        place = place_of(page[-1])
        seen += [each.external_id for each in page]
    assert (len(seen), len(set(seen))) == (900, 900)


async def test_a_link_that_gets_its_key_later_is_of_that_person(clinic: Clinic, connection: int) -> None:
    await keep(clinic, link(connection, "a"))

    def told(session: Session) -> None:
        found = links.by_local(session, connection, "Patient", "a")
        assert found is not None
        found.external_key = "7:y"
        session.add(found)

    await clinic.session(told)
    assert set(KnownPatients(clinic.services.store.engine, connection).persons(["y"])) == {"y"}


async def test_what_the_emr_is_known_to_have_of_a_chart(clinic: Clinic, connection: int) -> None:
    policies = [Link(org=1, connection=connection, type="Coverage", local_id=id, external_key=f"k-{id}") for id in "cd"]
    policies[0].record = b'{"member": "M-1.00", "share": 1.00}'
    await keep(clinic, link(connection, "a", "1"), link(connection, "b"), *policies)
    chart = Chart({"id": "a"}, {"Coverage": tuple({"id": id} for id in ("c", "d", "e"))})
    assert await clinic.session(lambda s: links.records(s, connection, chart, {"Coverage"})) == {
        "Coverage/c": {"member": "M-1.00", "share": Decimal("1.00")}
    }
    assert await clinic.session(lambda s: links.records(s, connection, chart, ())) == {}
    found = await clinic.session(lambda s: links.keys_of_patients(s, connection, frozenset({"a", "b", "x"})))
    assert found == {"Patient/a": "1"}
    assert await clinic.session(lambda s: links.keys_of_patients(s, connection, frozenset())) == {}
