"""The addresses below /admin/v1/{org}."""

from __future__ import annotations

from starlette.routing import BaseRoute

from gateway.administration import accounts, conflicts, people, questions
from gateway.administration.errand import errand
from gateway.routing import at

BASE = "/admin/v1/{org}"
CONNECTION = f"{BASE}/connections/{{name}}"

ROUTES: list[BaseRoute] = [
    at(f"{BASE}/org", GET=errand(people.organisation), POST=errand(people.demand)),
    at(f"{BASE}/org/rotate-keys", POST=errand(people.rotate_keys)),
    at(f"{BASE}/keys", GET=errand(people.signing_keys)),
    at(f"{BASE}/org/provider", POST=errand(people.provider), DELETE=errand(people.no_provider)),
    at(f"{BASE}/clients", GET=errand(people.clients), POST=errand(people.add_client, status=201)),
    at(f"{BASE}/clients/{{name}}/disable", POST=errand(people.disable_client)),
    at(f"{BASE}/users", GET=errand(people.users), POST=errand(people.add_user, status=201)),
    at(f"{BASE}/users/{{name}}/disable", POST=errand(people.disable_user)),
    at(f"{BASE}/users/{{name}}/sign-out", POST=errand(people.sign_out_user)),
    at(f"{BASE}/initial-tokens", POST=errand(people.initial_token, status=201)),
    at(f"{BASE}/launch", POST=errand(people.launch, status=201)),
    at(f"{BASE}/connections", GET=errand(accounts.connections), POST=errand(accounts.add, status=201)),
    at(CONNECTION, POST=errand(accounts.change)),
    at(f"{CONNECTION}/test", POST=errand(accounts.test)),
    at(f"{CONNECTION}/pull", POST=errand(accounts.pull)),
    at(f"{CONNECTION}/push", POST=errand(accounts.push)),
    at(f"{CONNECTION}/unlock", POST=errand(accounts.unlock)),
    at(f"{CONNECTION}/log", GET=errand(accounts.log)),
    at(f"{CONNECTION}/questions", GET=errand(questions.listed), POST=errand(questions.answer)),
    at(f"{CONNECTION}/conflicts", GET=errand(conflicts.listed)),
    at(f"{CONNECTION}/conflicts/{{conflict}}", POST=errand(conflicts.settle)),
    at(
        f"{CONNECTION}/mappings",
        GET=errand(accounts.mappings),
        POST=errand(accounts.put_mapping),
        DELETE=errand(accounts.drop_mapping),
    ),
]
