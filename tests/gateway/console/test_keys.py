"""The page of signing keys."""

from __future__ import annotations

from tests.gateway.console.conftest import World


async def test_operators_see_both_keys_of_a_rotation_and_their_dates(world: World) -> None:
    rotation, org = world.services.auth.rotation, world.realm.org
    world.services.auth.keys.sign(org, {})
    rotation.rotate(org)
    states = rotation.states(org)
    browser = world.browser()
    await browser.sign_in("operator")
    page = (await browser.open("/console/keys")).text
    assert all(state.kid in page for state in states)
    assert [page.count(f">{state}<") for state in ("next", "signing")] == [1, 3]
    assert "/.well-known/jwks.json" in page
    assert '"d"' not in page
    viewer = world.browser()
    await viewer.sign_in("viewer")
    assert (await viewer.open("/console/keys")).status_code == 403
