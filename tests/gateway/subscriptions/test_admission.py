"""What goes into the store, what is refused, and what nobody reads again."""

# ruff: noqa: E501 (tables, a row a line)

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from gateway.auth.clients import Registration, add_client
from gateway.services import Services
from gateway.subscriptions.names import FILTER, HEARTBEAT, MAX_COUNT, SECRET, TIMEOUT, TOPIC
from gateway.subscriptions.tables import SubscriptionRow
from tests.gateway.conftest import NORTH, Fhir, Wakes, bundle, entry, issue
from tests.gateway.subscriptions.wishes import SECRET_TEXT, extension, secret_of, topical, wish, with_secret

Json = dict[str, Any]
MASK = "***"
R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.topic"

# Each: a name, the resource, the status of the answer, the place that its first issue names.
REFUSED: list[tuple[str, Json, int, str]] = [
    ("websocket", wish(type="websocket"), 400, "Subscription.channel.type"),
    ("e-mail", wish(type="email", endpoint="mailto:crm@crm.example"), 400, "Subscription.channel.type"),
    ("custom channel", wish(_type={"extension": [extension("http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-channel-type", valueCoding={"code": "zulip"})]}), 400, "Subscription.channel.type.extension"),
    ("no endpoint", {**wish(), "channel": {"type": "rest-hook"}}, 400, "Subscription.channel.endpoint"),
    ("no URL", wish(endpoint="unsupported"), 400, "Subscription.channel.endpoint"),
    ("plain http", wish(endpoint="http://crm.example/"), 400, "Subscription.channel.endpoint"),
    ("loopback", wish(endpoint="https://127.0.0.1/"), 400, "Subscription.channel.endpoint"),
    ("metadata service", wish(endpoint="https://169.254.169.254/latest"), 400, "Subscription.channel.endpoint"),
    ("mapped loopback", wish(endpoint="https://[::ffff:127.0.0.1]/"), 400, "Subscription.channel.endpoint"),
    ("password in URL", wish(endpoint="https://u:p@crm.example/"), 400, "Subscription.channel.endpoint"),
    ("payload type", wish(payload="text/plain"), 400, "Subscription.channel.payload"),
    ("content", topical(content="everything"), 400, "Subscription.channel.payload.extension[0]"),
    ("content without a type", {**topical(), "channel": {k: v for k, v in topical()["channel"].items() if k != "payload"}}, 400, "Subscription.channel.payload"),
    ("unknown topic", wish("https://crm.example/SubscriptionTopic/admission"), 400, "Subscription.criteria"),
    ("topic without filter", wish(TOPIC), 400, "Subscription.criteria.extension"),
    ("two filters", {**topical(), "_criteria": {"extension": [extension(FILTER, valueString="Coverage?")] * 2}}, 400, "Subscription.criteria.extension"),
    ("unknown filter", topical("Coverage?shoe-size=9"), 400, "Subscription.criteria.extension[0]"),
    ("filter of another type", topical("Starship?crew=9"), 400, "Subscription.criteria.extension[0]"),
    ("filter beside a search", {**wish(), "_criteria": topical()["_criteria"]}, 400, "Subscription.criteria.extension"),
    ("unknown parameter", wish("Coverage?shoe-size=9"), 400, "Subscription.criteria"),
    ("wrong value", wish("Patient?birthdate=yesterday"), 400, "Subscription.criteria"),
    ("unknown type", wish("Starship?crew=9"), 400, "Subscription.criteria"),
    ("no search", wish("every coverage"), 400, "Subscription.criteria"),
    ("chain", wish("Coverage?beneficiary.name=x"), 400, "Subscription.criteria"),
    ("reverse chain", wish("Patient?_has:Coverage:beneficiary:status=active"), 400, "Subscription.criteria"),
    ("list", wish("Patient?_list=1"), 400, "Subscription.criteria"),
    ("include", wish("Coverage?_include=Coverage:beneficiary"), 400, "Subscription.criteria"),
    ("sort", wish("Coverage?_sort=_id"), 400, "Subscription.criteria"),
    ("count", wish("Coverage?_count=5"), 400, "Subscription.criteria"),
    ("of Subscriptions", wish("Subscription?status=active"), 422, "Subscription.criteria"),
    ("header that is ours", wish(header=["Content-Type: text/plain"]), 400, "Subscription.channel.header[0]"),
    ("our signature", wish(header=["A: b", "X-Crosswalk-Signature: t=1"]), 400, "Subscription.channel.header[1]"),
    ("header with a line break", wish(header=["A: b\nHost: evil.example"]), 400, "Subscription.channel.header[0]"),
    ("header without a value", wish(header=["Authorization"]), 400, "Subscription.channel.header[0]"),
    ("mask as header", wish(header=["Authorization: ***"]), 400, "Subscription.channel.header[0]"),
    ("short secret", with_secret(wish(), "short"), 400, "Subscription.channel.extension"),
    ("mask as secret", with_secret(wish(), MASK), 400, "Subscription.channel.extension"),
    ("timeout", wish(extension=[extension(TIMEOUT, valueUnsignedInt=3600)]), 400, "Subscription.channel.extension[0]"),
    ("heartbeat", wish(extension=[extension(HEARTBEAT, valueUnsignedInt=0)]), 400, "Subscription.channel.extension[0]"),
    ("batches", wish(extension=[extension(MAX_COUNT, valuePositiveInt=101)]), 400, "Subscription.channel.extension[0]"),
    ("unknown extension", wish(extension=[extension("urn:x", valueString="y")]), 400, "Subscription.channel.extension[0]"),
    ("R5 extension", {**wish(), "extension": [extension(R5, valueUri=TOPIC)]}, 400, "Subscription.extension[0]"),
    ("R5 filter", {**wish(TOPIC), "_criteria": {"extension": [extension("http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria", valueString="Encounter?patient=Patient/123")]}}, 400, "Subscription.criteria.extension[0]"),
    ("R6 extension", wish(extension=[extension("http://hl7.org/fhir/6.0/StructureDefinition/extension-Subscription.parameter", valueString="x")]), 400, "Subscription.channel.extension[0]"),
    ("active at once", {**wish(), "status": "active"}, 422, "Subscription.status"),
    ("off at once", {**wish(), "status": "off"}, 422, "Subscription.status"),
    ("ended", {**wish(), "end": "2020-01-01T00:00:00Z"}, 422, "Subscription.end"),
]  # fmt: skip


async def test_what_is_refused_names_its_place_and_leaves_nothing(
    client: Fhir, services: Services, wakes: Wakes
) -> None:
    """All of it, so that one failure does not hide another."""
    wrong = []
    for name, wished, status, expression in REFUSED:
        answer = await client.ask("POST", "Subscription", wished)
        if answer.status_code != status or issue(answer)["expression"] != [expression]:
            wrong.append((name, answer.status_code, answer.text))
    assert wrong == []
    assert await rows(services) == []
    assert wakes.made == []


async def rows(services: Services) -> list[SubscriptionRow]:
    return await services.store.session_read(lambda session: list(session.exec(select(SubscriptionRow)).all()))


@pytest.fixture
async def other(http: httpx.AsyncClient, services: Services) -> Fhir:
    """Another client of the same organisation, which may do everything too."""
    return await another(http, services, "system/*.cruds")


@pytest.fixture
async def admin(http: httpx.AsyncClient, services: Services) -> Fhir:
    return await another(http, services, "system/*.cruds gateway/admin")


async def another(http: httpx.AsyncClient, services: Services, scope: str) -> Fhir:
    def add(session: Session) -> tuple[str, str]:
        made, secret = add_client(
            session, 1, Registration(name="Another", scope=scope),
            types=services.definitions.all_types, allow_private=False, now=0, random=services.auth.random,
        )  # fmt: skip
        return made.client_id, secret or ""

    form = {"grant_type": "client_credentials", "scope": scope}
    answer = await http.post("/oauth/north/token", data=form, auth=await services.store.session_write(add))
    return Fhir(http, NORTH, answer.json()["access_token"])


async def test_a_new_one_is_requested_and_a_handshake_follows(client: Fhir, wakes: Wakes) -> None:
    made = await client.create(topical())
    assert made["status"] == "requested"
    assert [(wake.id, wake.purpose, wake.attempt) for wake in wakes.made] == [(made["id"], "handshake", 1)]


async def test_a_secret_is_made_and_shown_once(client: Fhir, services: Services) -> None:
    made = await client.create(wish())
    secret = secret_of(made)
    assert secret is not None
    assert len(secret) >= 43
    everything = await everywhere(client, made["id"])
    assert secret not in everything
    assert MASK in everything
    (row,) = await rows(services)
    assert services.subscriptions.secrecy.opened(row.secret, row.headers, 1, made["id"]).secret == secret
    assert secret not in row.secret


async def everywhere(client: Fhir, id: str) -> str:
    """All that can be read of it."""
    batch = bundle(entry("GET", f"Subscription/{id}"), entry("GET", "Subscription"), type="batch")
    answers = [await client.ask("GET", path) for path in (
        f"Subscription/{id}", f"Subscription/{id}/_history/1", f"Subscription/{id}/_history", "Subscription",
        "?_type=Subscription", "_history", f"Subscription/{id}?_elements=channel", f"Subscription/{id}/$status",
    )]  # fmt: skip
    answers.append(await client.ask("POST", "", batch))
    answers.append(
        await client.ask("PUT", f"Subscription/{id}", (await client.ask("GET", f"Subscription/{id}")).json())
    )
    return "".join(answer.text for answer in answers)


async def test_a_given_secret_and_headers_are_never_read_back(client: Fhir, services: Services) -> None:
    answer = await client.ask(
        "POST", "Subscription", with_secret(wish(header=["Authorization: Bearer hush-hush", "X-Tenant: t-17"]))
    )
    made = answer.json()
    assert made["channel"]["header"] == ["Authorization: ***", "X-Tenant: ***"]
    told = answer.text + await everywhere(client, made["id"])
    assert not any(hidden in told for hidden in (SECRET_TEXT, "hush-hush", "t-17"))
    (row,) = await rows(services)
    kept = services.subscriptions.secrecy.opened(row.secret, row.headers, 1, made["id"])
    assert (kept.secret, dict(kept.headers)["Authorization"]) == (SECRET_TEXT, "Bearer hush-hush")


async def test_a_secret_made_in_a_transaction_is_shown_in_its_answer(client: Fhir) -> None:
    answer = await client.transaction(
        entry("POST", "Subscription", wish()), headers={"Prefer": "return=representation"}
    )
    resource = answer.json()["entry"][0]["resource"]
    assert secret_of(resource) not in (None, MASK)


async def test_masks_that_come_back_keep_what_was_there(client: Fhir, services: Services, wakes: Wakes) -> None:
    made = await client.create(with_secret(wish(header=["Authorization: Bearer hush-hush"])))
    changed = {**made, "reason": "Another reason"}
    answer = await client.ask("PUT", f"Subscription/{made['id']}", changed)
    assert answer.status_code == 200, answer.text
    kept = await kept_of(services, made["id"])
    assert (kept.secret, kept.headers) == (SECRET_TEXT, (("Authorization", "Bearer hush-hush"),))


async def kept_of(services: Services, id: str) -> Any:
    row = next(row for row in await rows(services) if row.id == id)
    return services.subscriptions.secrecy.opened(row.secret, row.headers, row.org, row.id)


async def test_a_sealed_secret_opens_for_its_own_subscription_only(client: Fhir, services: Services) -> None:
    await client.create(with_secret(wish()))
    (row,) = await rows(services)
    with pytest.raises(Exception, match="altered or moved"):
        services.subscriptions.secrecy.opened(row.secret, row.headers, row.org, "another")


async def test_a_new_secret_takes_the_place_of_the_old(client: Fhir, services: Services) -> None:
    made = await client.create(with_secret(wish()))
    answer = await client.ask("PUT", f"Subscription/{made['id']}", with_secret(made, "the secret that comes after"))
    assert "comes after" not in answer.text
    assert (await kept_of(services, made["id"])).secret == "the secret that comes after"


async def test_an_unchanged_update_makes_no_version_and_no_handshake(client: Fhir, wakes: Wakes) -> None:
    made = await client.create(with_secret(wish()))
    answer = await client.ask("PUT", f"Subscription/{made['id']}", made)
    assert answer.headers["etag"] == 'W/"1"'
    assert len(wakes.made) == 1


async def test_patching_keeps_the_rules(client: Fhir, services: Services) -> None:
    made = await client.create(with_secret(wish()))
    patch: Any = [{"op": "replace", "path": "/status", "value": "active"}]
    headers = {"Content-Type": "application/json-patch+json"}
    refused = await client.ask("PATCH", f"Subscription/{made['id']}", json.dumps(patch).encode(), headers=headers)
    assert refused.status_code == 422
    patch[0]["value"] = "off"
    answer = await client.ask("PATCH", f"Subscription/{made['id']}", json.dumps(patch).encode(), headers=headers)
    assert answer.json()["status"] == "off"
    (row,) = await rows(services)
    assert row.status == "off"


async def test_deleting_forgets(client: Fhir, services: Services) -> None:
    made = await client.create(wish())
    assert (await client.ask("DELETE", f"Subscription/{made['id']}")).status_code == 204
    assert await rows(services) == []


async def test_what_it_is_about_has_to_be_in_reach(scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    limited = await scoped("system/Subscription.cruds system/Patient.rs")
    answer = await limited.ask("POST", "Subscription", wish())
    assert (answer.status_code, issue(answer)["expression"]) == (403, ["Subscription.criteria"])
    assert (await limited.ask("POST", "Subscription", wish("Patient"))).status_code == 201


async def test_it_is_nobody_elses(client: Fhir, other: Fhir) -> None:
    made = await client.create(wish())
    place = f"Subscription/{made['id']}"
    for path in (place, f"{place}/_history/1", f"{place}/_history", f"{place}/$status"):
        assert (await other.ask("GET", path)).status_code == 404, path
    assert await other.total("Subscription?status=requested") == 0
    assert await client.total("Subscription?status=requested") == 1
    assert (await other.ask("GET", "Subscription/_history")).status_code == 403
    listed = [
        (await other.ask("GET", path)).text
        for path in ("_history", "?_type=Subscription,Patient", "Subscription/$status")
    ]
    assert made["id"] not in "".join(listed)
    assert (await other.ask("PUT", place, made)).status_code == 403
    nothing = await other.ask("DELETE", "Subscription/none")
    assert (await other.ask("DELETE", place)).status_code == nothing.status_code == 204
    assert (await other.ask("DELETE", "Subscription?status=requested")).status_code == 204
    assert (await client.ask("GET", place)).status_code == 200


async def test_batches_and_transactions_show_no_more(client: Fhir, other: Fhir) -> None:
    made = await client.create(wish())
    reads = [entry("GET", f"Subscription/{made['id']}"), entry("GET", f"Subscription/{made['id']}/_history")]
    answer = (await other.ask("POST", "", bundle(*reads, type="batch"))).json()
    assert answer["entry"][0]["response"]["status"] == "404"
    assert ENDPOINT_HOST not in json.dumps(answer)
    assert (await other.transaction(reads[0])).status_code == 404


ENDPOINT_HOST = "crm.example"


async def test_an_include_does_not_lead_to_it(client: Fhir, other: Fhir) -> None:
    made = await client.create(wish())
    listing = {"resourceType": "List", "status": "current", "mode": "working"}
    await client.create({**listing, "entry": [{"item": {"reference": f"Subscription/{made['id']}"}}]})
    included = (await other.ask("GET", "List?_include=List:item")).json()
    assert [each["resource"]["resourceType"] for each in included["entry"]] == ["List"]
    chained = await other.ask("GET", "List?item:Subscription.url=https://crm.example/hooks/coverage")
    assert chained.status_code == 403


async def test_administrators_see_and_change_it(client: Fhir, admin: Fhir, services: Services) -> None:
    made = await client.create(with_secret(wish()))
    read = (await admin.ask("GET", f"Subscription/{made['id']}")).json()
    assert secret_of(read) == MASK
    answer = await admin.ask("PUT", f"Subscription/{made['id']}", {**read, "status": "off"})
    assert answer.json()["status"] == "off"
    (row,) = await rows(services)
    assert row.client != ""
    assert row.client == read["meta"]["tag"][0]["code"]
    assert (await client.ask("GET", f"Subscription/{made['id']}")).status_code == 200


async def test_a_tag_that_names_another_owner_is_replaced(client: Fhir, other: Fhir) -> None:
    forged = {"system": "https://crosswalk.example/fhir/CodeSystem/subscription-client", "code": "other"}
    made = await client.create({**wish(), "meta": {"tag": [forged]}})
    assert forged not in made["meta"]["tag"]


async def test_plain_http_on_loopback_where_the_operator_allows_it(client: Fhir, services: Services) -> None:
    services.subscriptions.settings = replace(services.settings, allow_private_upstreams=True)
    assert (await client.ask("POST", "Subscription", wish(endpoint="http://127.0.0.1:9/"))).status_code == 201


async def test_the_operators_own_hand_has_no_subscription(services: Services) -> None:
    from gateway.commands.imports import offline_exchange
    from gateway.faults import Unprocessable
    from gateway.interactions.bundle import perform_transaction

    exchange = await offline_exchange(services, "north")
    with pytest.raises(Unprocessable, match="registered client"):
        await perform_transaction(exchange, bundle(entry("POST", "Subscription", wish())))


def test_the_extension_has_the_name_that_others_rely_on() -> None:
    assert SECRET == "https://crosswalk.example/fhir/StructureDefinition/webhook-secret"


async def test_labels_are_as_private(client: Fhir, other: Fhir) -> None:
    made = await client.create(wish())
    assert (await other.ask("GET", f"Subscription/{made['id']}/$meta")).status_code == 404
    assert (await other.ask("GET", "Subscription/$meta")).status_code == 403
    labels = [{"name": "meta", "valueMeta": {"tag": [{"system": "urn:t", "code": "mine"}]}}]
    body = {"resourceType": "Parameters", "parameter": labels}
    assert (await other.ask("POST", f"Subscription/{made['id']}/$meta-add", body)).status_code == 404
    assert (await client.ask("POST", f"Subscription/{made['id']}/$meta-add", body)).status_code == 200


async def test_exports_leave_them_out(client: Fhir) -> None:
    answer = await client.ask("GET", "$export?_type=Subscription", headers={"Prefer": "respond-async"})
    assert answer.status_code == 403, answer.text
