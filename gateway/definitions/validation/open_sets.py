"""Required bindings to sets that the package does not list: media types and languages by form, currencies by list."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from gateway.definitions.tables import LANGUAGES
from gateway.definitions.validation.findings import FINE, Check, Findings, Scope, one

RESTRICTED_NAME = r"[A-Za-z0-9!#$&^_.+\-]{1,127}"
MEDIA_TYPE = re.compile(rf"{RESTRICTED_NAME}/{RESTRICTED_NAME}(\s*;[^;]+)*|xml|json|ttl", re.ASCII)
"""BCP 13, its parameters as they come; the three short names are those that R4 gives to its own formats."""

LANGUAGE = re.compile(
    r"([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*(-x(-[A-Za-z0-9]{1,8})+)?"
    r"|x(-[A-Za-z0-9]{1,8})+|i-[a-z]{2,8}|sgn-[A-Z]{2}-[A-Z]{2}|zh-min(-nan)?|en-GB-oed",
    re.ASCII,
)
"""A well-formed tag of BCP 47 (RFC 5646, 2.1)."""

ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
    CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
    GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
    LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY
    TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF
    XPT XSU XTS XUA XXX YER ZAR ZMW ZWG ZWL"""
CURRENCIES = frozenset(ISO_4217.split())
"""With the codes that were in use when R4 was published."""

OPEN_SETS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "http://hl7.org/fhir/ValueSet/mimetypes": (MEDIA_TYPE.fullmatch, "Send a media type as type/subtype"),
    "http://hl7.org/fhir/ValueSet/currencies": (CURRENCIES.__contains__, "Send a currency code of ISO 4217"),
    LANGUAGES: (LANGUAGE.fullmatch, "Send a language tag as BCP 47 has them"),
}
"""Value set → whether a code is of it, and what to send."""


def open_code(check: Check, value_set: str) -> Check:
    holds, advice = OPEN_SETS[value_set]

    def of_set(value: Any, depth: int, scope: Scope) -> Findings:
        return check(value, depth, scope) or (FINE if holds(value) else one(advice, "code-invalid"))

    return of_set
