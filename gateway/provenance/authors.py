"""Who stands behind a transaction, as the agents of a Provenance."""

from __future__ import annotations

from typing import Any

from gateway.auth.authority import Realm
from gateway.auth.verification import Caller
from gateway.store.contract import Author

Json = dict[str, Any]
PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
US_CORE_PARTICIPANT = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
AUTHOR = {"coding": [{"system": PARTICIPANT, "code": "author", "display": "Author"}]}
ASSEMBLER = {"coding": [{"system": PARTICIPANT, "code": "assembler", "display": "Assembler"}]}
TRANSMITTER = {"coding": [{"system": US_CORE_PARTICIPANT, "code": "transmitter", "display": "Transmitter"}]}


def caller_author(realm: Realm, caller: Caller) -> Author:
    """The user where there is one, by way of the application; else the application."""
    organisation, application = _organisation(realm), _known(realm, "Device", "clients", caller.client_id)
    if caller.user_email is None:
        return Author(({"type": AUTHOR, "who": application, "onBehalfOf": organisation},))
    named = {"reference": caller.fhir_user} if caller.fhir_user else {}
    user = {**named, **_known(realm, None if named else "Practitioner", "users", caller.user_email)}
    return Author(
        (
            {"type": AUTHOR, "who": user, "onBehalfOf": organisation},
            {"type": TRANSMITTER, "who": application, "onBehalfOf": organisation},
        )
    )


def connection_author(realm: Realm, connection: str) -> Author:
    """What was pulled: the EMR's words, put together by the gateway."""
    organisation, emr = _organisation(realm), _known(realm, "Device", "connections", connection)
    return Author(
        (
            {"type": AUTHOR, "who": emr, "onBehalfOf": organisation},
            {"type": ASSEMBLER, **_gateway(realm.fhir_base, organisation)},
        ),
        emr,
    )


def gateway_author() -> Author:
    """What the gateway writes by itself."""
    return Author(({"type": AUTHOR, **_gateway("crosswalk", {"display": "The operator of Crosswalk"})},))


def _gateway(name: str, organisation: Json) -> Json:
    who = {"type": "Device", "identifier": {"value": name}, "display": "Crosswalk"}
    return {"who": who, "onBehalfOf": organisation}


def _organisation(realm: Realm) -> Json:
    return {"type": "Organization", "identifier": {"value": realm.fhir_base}, "display": realm.slug}


def _known(realm: Realm, type: str | None, kind: str, value: str) -> Json:
    named = {"identifier": {"system": f"{realm.fhir_base}/{kind}", "value": value}}
    return {"type": type, **named} if type is not None else named
