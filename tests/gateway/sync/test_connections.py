"""Connections: what an operator gives is checked against the translator's declaration, and secrets stay sealed."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from gateway.faults import Conflict, Fault, Invalid, Misconfigured, NotFound
from gateway.sync import overview
from gateway.sync.connections import Changed, Connections, endpoint_resource
from gateway.sync.tables import Connection
from tests.gateway.conftest import PUBLIC
from tests.gateway.sync.clinic import Clinic

RITTEN = "https://ritten.example/v1"
SECRETS = {"client_id": "an-id", "client_secret": "top-secret-word"}
GIVEN = Changed({"tenant": "clinic"}, SECRETS)
NOTHING = Changed({}, {})


@pytest.fixture
def rooms(clinic: Clinic) -> Connections:
    return clinic.services.sync.connections


async def add(clinic: Clinic, given: Changed = GIVEN, name: str = "emr", url: str = RITTEN) -> Connection:
    rooms = clinic.services.sync.connections
    return await clinic.session(lambda session: rooms.add(session, clinic.realm, name, "ritten", url, given))


@pytest.mark.parametrize(
    ("settings", "secrets", "place"),
    [
        ({}, SECRETS, "settings"),
        ({"tenant": " "}, SECRETS, "settings"),
        ({"tenant": "clinic"}, {"client_id": "an-id"}, "settings"),
        ({"tenant": "clinic"}, {**SECRETS, "client_secret": ""}, "settings"),
        ({"tenant": "clinic", "tenent": "x"}, SECRETS, "tenent"),
        ({"tenant": "clinic"}, {**SECRETS, "password": "x"}, "password"),
        ({"tenant": "clinic", "push": "yes"}, SECRETS, "push"),
        ({"tenant": "clinic", "conflict": "both"}, SECRETS, "conflict"),
        ({"tenant": "clinic", "poll_minutes": "often"}, SECRETS, "poll_minutes"),
        ({"tenant": "clinic", "poll_minutes": "0"}, SECRETS, "poll_minutes"),
        ({"tenant": "clinic", "poll_minutes": "nan"}, SECRETS, "poll_minutes"),
        ({"tenant": "clinic", "write_delay_s": "-1"}, SECRETS, "write_delay_s"),
        ({"tenant": "clinic", "write_delay_s": "inf"}, SECRETS, "write_delay_s"),
        ({"tenant": "cli\nnic"}, SECRETS, "tenant"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(
    clinic: Clinic, settings: dict[str, str], secrets: dict[str, str], place: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await add(clinic, Changed(settings, secrets))
    assert refused.value.issues[0].expression == (place,)
    assert "top-secret-word" not in str(refused.value)
    assert await clinic.session(lambda session: clinic.services.sync.connections.all(session, 1)) == []


@pytest.mark.parametrize(
    "url", ["http://emr.example", "https://127.0.0.1/x", "ftp://emr.example", "https://u:p@e.example"]
)
async def test_the_address_is_guarded(clinic: Clinic, url: str) -> None:
    with pytest.raises(Misconfigured):
        await add(clinic, url=url)


@pytest.mark.parametrize("name", ["", "Upper", "-first", "with space", "ümlaut", "a" * 49, "a/b"])
async def test_names_are_ids_of_endpoints(clinic: Clinic, name: str) -> None:
    with pytest.raises(Invalid):
        await add(clinic, name=name)


async def test_a_name_is_taken_once_per_organisation(clinic: Clinic, rooms: Connections) -> None:
    await add(clinic)
    with pytest.raises(Conflict):
        await add(clinic)
    with pytest.raises(NotFound):
        await clinic.session(lambda session: rooms.get(session, type(clinic.realm)(2, "south", PUBLIC), "emr"))


async def test_a_translator_that_is_not_there_is_refused_with_those_that_are(
    clinic: Clinic, rooms: Connections
) -> None:
    with pytest.raises(Invalid, match="ecw, internal, kipu, ritten"):
        await clinic.session(lambda session: rooms.add(session, clinic.realm, "emr", "other", RITTEN, GIVEN))


async def test_a_change_keeps_what_it_does_not_name(clinic: Clinic, rooms: Connections) -> None:
    row = await add(clinic)
    changed = Changed({"poll_minutes": "15"}, {"client_secret": "another"})
    row = await clinic.session(lambda session: rooms.change(session, clinic.realm, "emr", changed))
    account = await clinic.session(lambda session: rooms.account(session, clinic.realm, row))
    assert account.secrets == {"client_id": "an-id", "client_secret": "another"}
    assert (account.settings["tenant"], account.settings["poll_minutes"]) == ("clinic", "15")


@pytest.mark.parametrize(
    "given", [Changed({"tenant": ""}, {}), Changed({}, {"client_id": " "}), Changed({"x": "y"}, {})]
)
async def test_a_change_that_would_break_it_changes_nothing(clinic: Clinic, rooms: Connections, given: Changed) -> None:
    before = await add(clinic)
    with pytest.raises(Fault):
        await clinic.session(lambda session: rooms.change(session, clinic.realm, "emr", given))
    after = await clinic.connection("emr")
    assert (after.settings, after.secrets) == (before.settings, before.secrets)


async def test_words_and_numbers_of_a_translators_own_settings(clinic: Clinic) -> None:
    await clinic.connect("ecw", modules="Patient Location", pull_share="12.5", new_days="0")
    for name, value, said in (
        ("modules", "Patient Slot", "--set modules: some of Patient, Practitioner, Location"),
        ("pull_share", "0", "--set pull_share: a number from 1 to 100"),
        ("new_days", "many", "--set new_days: a number from 0 to 3650"),
    ):
        with pytest.raises(Invalid, match=said):
            await clinic.connect("ecw", as_=f"other-{name.partition('_')[0]}", **{name: value})


async def test_a_change_judges_the_address_anew(clinic: Clinic, rooms: Connections) -> None:
    row = await add(clinic)

    def move(session: Session) -> None:
        row.base_url = "http://10.0.0.1/emr"
        session.merge(row)

    await clinic.session(move)
    with pytest.raises(Misconfigured):
        await clinic.session(lambda session: rooms.change(session, clinic.realm, "emr", NOTHING))


async def test_secrets_are_sealed_and_shown_nowhere(clinic: Clinic, rooms: Connections) -> None:
    row = await add(clinic)
    token = rooms.hook_token(row)
    shown = await clinic.session(lambda session: overview.connections(session, rooms, clinic.realm, 1))
    account = await clinic.session(lambda session: rooms.account(session, clinic.realm, row))
    said = f"{row!r} {row.secrets} {row.hook_token} {shown} {account!r}"
    assert "top-secret-word" not in said
    assert token not in said
    assert shown[0]["connection"] == "emr"


async def test_each_webhook_has_an_address_that_cannot_be_guessed(clinic: Clinic) -> None:
    rooms = clinic.services.sync.connections
    for name in ("one", "two"):
        await clinic.connect("kipu", as_=name)
    one, two = [rooms.hooks(clinic.realm, await clinic.connection(name)) for name in ("one", "two")]
    assert set(one) == {"patient-creation", "chart-update"}
    for hook, url in one.items():
        start, _, token = url.rpartition("/")
        assert start == f"{PUBLIC}/hooks/north/one/{hook}"
        assert len(token) == 48
        assert token not in two[hook]


async def test_a_plugin_that_was_taken_out_stops_no_other(clinic: Clinic, rooms: Connections) -> None:
    await clinic.connect("ritten")
    await clinic.connect("kipu")
    rooms.translators = {"kipu": rooms.translators["kipu"]}
    row = await clinic.connection("ritten")
    assert not rooms.is_usable(row)
    with pytest.raises(Misconfigured, match="translator ritten of connection ritten is not installed"):
        rooms.translator(row)
    shown = await clinic.session(lambda session: overview.connections(session, rooms, clinic.realm, 1))
    assert [each["connection"] for each in shown] == ["kipu", "ritten"]
    made = await clinic.fhir.create({"resourceType": "Patient", "name": [{"family": "Example"}]})
    assert await clinic.status("kipu", made["id"]) == "requested"
    assert await clinic.status("ritten", made["id"]) is None


async def test_the_endpoint_stands_for_the_connection(clinic: Clinic) -> None:
    await clinic.connect("ritten")
    read = await clinic.fhir.ask("GET", "Endpoint/ritten")
    assert read.status_code == 200
    expected = endpoint_resource(clinic.realm, await clinic.connection("ritten"), "Ritten")
    assert {**read.json(), "meta": None} == {**expected, "meta": None}
    assert read.json()["address"] == f"{PUBLIC}/fhir/r4/north/via/ritten"
