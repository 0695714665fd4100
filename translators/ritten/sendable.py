"""Spells a person as Ritten does, and takes out what it would answer with 400: one bad value holds none back."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from gateway.translation.codec import EMAIL, Unreadable
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Resource
from translators.ritten.states import is_united_states, state_code
from translators.ritten.vocabulary import LANGUAGES, TAGS, e164

NO_NUMBER = "not a telephone number that Ritten takes: write it as +1 and ten digits, or + and the country's number"
NO_ADDRESS = "not an e-mail address: write it as name@host"
NO_STATE = "not a state of the USA: write its two letters or its name, or the country if it lies elsewhere"


def _email(address: str) -> str | None:
    try:
        return str(EMAIL.encode(address))
    except Unreadable:
        return None


RULES = {"phone": (e164, NO_NUMBER), "email": (_email, NO_ADDRESS)}


def sendable(person: Resource, root: str, known: frozenset[str] = frozenset()) -> tuple[Resource, tuple[LeftOut, ...]]:
    """A copy as Ritten spells it, and what was taken out. `known` are numbers that Ritten has itself."""
    copy = deepcopy(person)
    _languages(copy)
    return copy, (*_contacts(copy, root, known), *_states(copy, root))


def _contacts(person: Resource, root: str, known: frozenset[str]) -> Iterator[LeftOut]:
    for index, contact in enumerate(person.get("telecom", ())):
        rule = RULES.get(contact.get("system"))
        if rule is None or "value" not in contact or contact["value"] in known:
            continue
        spelt, reason = rule[0](contact["value"]), rule[1]
        if spelt is None:
            yield _taken(contact, "value", f"{root}.telecom[{index}].value", reason)
        else:
            contact["value"] = spelt


def _states(person: Resource, root: str) -> Iterator[LeftOut]:
    for index, address in enumerate(person.get("address", ())):
        if "state" not in address or not is_united_states(address.get("country")):
            continue
        code = state_code(address["state"])
        if code is None:
            yield _taken(address, "state", f"{root}.address[{index}].state", NO_STATE)
        else:
            address["state"] = code


def _languages(person: Resource) -> None:
    """ISO 639-2 codes as the BCP 47 tags that the field asks for."""
    for communication in person.get("communication", ()):
        for coding in (communication.get("language") or {}).get("coding", ()):
            if coding.get("system") in (None, LANGUAGES):
                coding["code"] = TAGS.get(str(coding.get("code", "")).upper(), coding.get("code"))


def _taken(element: Resource, name: str, expression: str, reason: str) -> LeftOut:
    del element[name]
    return LeftOut(expression, reason)
