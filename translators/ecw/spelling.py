"""How eCW and others write the same thing: telephone numbers, languages, which name is the one in use.

`spelling` is for comparison only; the functions ending in `_out` give what eCW wants to be sent, and raise Unreadable
with what it expects.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.translation.codec import Unreadable
from gateway.translation.rows import Resource

LANGUAGES = {
    "ar": "ARA", "de": "GER", "en": "ENG", "es": "SPA", "fa": "PER", "fr": "FRE", "gu": "GUJ", "hi": "HIN", "ht": "HAT",
    "it": "ITA", "ja": "JPN", "km": "KHM", "ko": "KOR", "pa": "PAN", "pl": "POL", "pt": "POR", "ru": "RUS", "so": "SOM",
    "tl": "TGL", "ur": "URD", "vi": "VIE", "zh": "CHI",
}  # fmt: skip
"""BCP 47 → the ISO 639-2 code that eCW writes, in capitals."""
BCP47 = {theirs: ours for ours, theirs in LANGUAGES.items()}
LANGUAGE_SYSTEM = "urn:ietf:bcp:47"
STATES = frozenset(
    re.findall(
        "..",
        "ALAKAZARCACOCTDEDCFLGAHIIDILINIAKSKYLAMEMDMAMIMNMSMOMTNENVNHNJNMNYNCNDOHOKORPARISCSDTNTXUTVTVAWAWVWIWY"
        "ASGUMPPRVIUMAAAEAP",
    )
)
POSTAL_CODE = re.compile(r"\d{5}(-\d{4})?")
AMERICAN = frozenset({None, "", "US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"})
USUAL = frozenset({None, "official", "usual"})


def spelling(element: str, value: Any) -> Any:
    """The value as it counts when two versions of a Patient are compared."""
    if not isinstance(value, dict):
        return value
    compared = COMPARED.get(element)
    return compared(value) if compared else value


def digits(number: Any) -> str:
    """A telephone number without its punctuation and country code 1; extensions stay."""
    found = re.sub(r"[^\dA-Za-z+]", "", str(number))
    return re.sub(r"^\+?1(?=\d{10}$)", "", found)


def _name(value: Resource) -> Resource:
    rest = {name: item for name, item in value.items() if name not in ("use", "text")}
    return {**rest, "use": "usual" if value.get("use") in USUAL else value["use"]}


def _telecom(value: Resource) -> Resource:
    spelt = {**value, "use": value.get("use", "home")}
    return {**spelt, "value": digits(value.get("value"))} if value.get("system") in ("phone", "fax", "sms") else spelt


def _address(value: Resource) -> Resource:
    rest = {name: item for name, item in value.items() if name != "text"}
    return {**rest, "use": value.get("use", "home")}


def _identifier(value: Resource) -> Resource:
    return {name: value[name] for name in ("system", "value") if name in value}


def _communication(value: Resource) -> Resource:
    codings = value.get("language", {}).get("coding", [])
    codes = [_bcp47(coding.get("code", "")) for coding in codings]
    return {**value, "language": {"codes": codes} if codes else value.get("language")}


def _concept(value: Resource) -> Resource:
    codes = [{"system": c.get("system"), "code": c.get("code")} for c in value.get("coding", [])]
    return {"codes": codes} if codes else value


COMPARED = {
    "name": _name,
    "telecom": _telecom,
    "address": _address,
    "identifier": _identifier,
    "communication": _communication,
    "maritalStatus": _concept,
}


def _bcp47(code: str) -> str:
    return BCP47.get(code.upper(), code)


def languages_read(patient: Resource) -> Resource:
    """The patient with BCP 47 codes where eCW writes those of ISO 639-2."""
    if "communication" not in patient:
        return patient
    return {**patient, "communication": [_recoded(item, _bcp47) for item in patient["communication"]]}


def _recoded(communication: Resource, code: Any) -> Resource:
    language = communication.get("language", {})
    codings = [{**c, "code": code(c["code"])} if "code" in c else c for c in language.get("coding", [])]
    return {**communication, "language": {**language, "coding": codings}} if codings else communication


def language_out(communication: Resource) -> Resource:
    if not any(c.get("code") and c.get("system") for c in communication.get("language", {}).get("coding", [])):
        raise Unreadable("eClinicalWorks takes coded languages only: give `language.coding` with system and code")
    return _recoded(communication, lambda code: LANGUAGES.get(code.partition("-")[0].lower(), code))


def telecom_out(telecom: Resource) -> Resource:
    system, number = telecom.get("system"), digits(telecom.get("value", ""))
    if system not in ("phone", "email"):
        raise Unreadable("eClinicalWorks takes telephone numbers and email addresses only")
    rest = {"system": system, "use": telecom.get("use", "home")}
    if system == "email":
        return {**rest, "value": telecom.get("value")}
    if not re.fullmatch(r"\d{10}", number):
        raise Unreadable("eClinicalWorks takes telephone numbers of ten digits only: correct the number")
    return {**rest, "value": f"{number[:3]}-{number[3:6]}-{number[6:]}"}


def address_out(address: Resource) -> Resource:
    """The address, refused here when eCW would refuse the whole patient for it."""
    if str(address.get("country") or "").upper() in AMERICAN:
        wrong = [name for name, holds in _address_checks(address).items() if not holds]
        if wrong:
            expected = {"state": "`state` must be a two-letter code", "postalCode": "`postalCode` must be five digits"}
            raise Unreadable(f"eClinicalWorks would refuse it: {'; '.join(expected[name] for name in wrong)}")
    return {"use": address.get("use", "home"), **{n: v for n, v in address.items() if n != "text"}}


def _address_checks(address: Resource) -> dict[str, bool]:
    return {
        "state": "state" not in address or address["state"] in STATES,
        "postalCode": "postalCode" not in address or bool(POSTAL_CODE.fullmatch(str(address["postalCode"]))),
    }
