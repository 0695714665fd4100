"""What an operator is told of an EMR's limits: tokens left, and until when it is closed."""

from __future__ import annotations

from gateway.sync import overview
from gateway.sync.minting import LATE_S
from gateway.translation.ledger import Spot
from tests.gateway.sync.clinic import Clinic


async def test_tokens_left_and_the_pause_are_those_of_all_who_share_the_limit(clinic: Clinic) -> None:
    await clinic.connect("ritten")
    await clinic.connect("ritten", as_="sister")
    sync = clinic.services.sync
    runner, translator, account = await sync.runners.runner(clinic.realm, "ritten")
    await runner.run(translator.test(account, runner.moment()))
    await sync.pace.refused(Spot.of(translator, account), 60.0)
    now = int(sync.clock() * 1_000_000)
    listed = await clinic.session(lambda session: overview.connections(session, sync.connections, clinic.realm, now))
    first, second = (each["allowance"] for each in listed)
    assert first == second
    assert (first["tokens_left"], first["next_token"]) == (1, None)
    assert first["closed_until"] is not None
    later = now + int((3600 + LATE_S + 1) * 1_000_000)
    (again, _) = await clinic.session(
        lambda session: overview.connections(session, sync.connections, clinic.realm, later)
    )
    assert (again["allowance"]["tokens_left"], again["allowance"]["closed_until"]) == (2, None)


async def test_an_emr_without_a_quota_has_only_pauses(clinic: Clinic) -> None:
    await clinic.connect("kipu")
    sync = clinic.services.sync
    (told,) = await clinic.session(lambda session: overview.connections(session, sync.connections, clinic.realm, 0))
    assert told["allowance"] == {"closed_until": None}
