"""Ritten's words and formats, and what they are in FHIR. Each table is one-to-one or names its way back."""

from __future__ import annotations

import re
from typing import Any

from gateway.canonical import ACT_CODE, CANONICAL, MARITAL_STATUS, NULL_FLAVOR, SUBSCRIBER_RELATIONSHIP
from gateway.translation.codec import DATE, INSTANT, Codec, Coded, Unreadable, codes, concept

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
LANGUAGES = "urn:ietf:bcp:47"
PAYER_CODE = f"{CANONICAL}NamingSystem/payer-code"
"""Identifier system of the code by which billing knows a payer (Ritten: `payerIdentifier`)."""
DISCHARGE_TYPE = f"{CANONICAL}CodeSystem/ritten-discharge-type"

SEX = codes({"Male": "male", "Female": "female", "Unknown": "unknown"}, back={"other": "Unknown"})

MARITAL = concept(
    (
        Coded("Married", MARITAL_STATUS, "M", "Married"),
        Coded("Unmarried", MARITAL_STATUS, "U", "unmarried"),
        Coded("Unknown", NULL_FLAVOR, "UNK", "unknown"),
    ),
    # Annulled, divorced, never married, widowed, domestic partner; interlocutory, separated, polygamous, common law.
    back=dict.fromkeys("ADSWT", "Unmarried") | dict.fromkeys("ILPC", "Married"),
    free_text=False,
)

PRONOUNS = concept(
    (
        Coded("he/him", LOINC, "LA29518-0", "he/him/his/his/himself"),
        Coded("she/her", LOINC, "LA29519-8", "she/her/her/hers/herself"),
        Coded("they/them", LOINC, "LA29520-6", "they/them/their/theirs/themselves"),
    )
)

GENDER = concept(
    (
        Coded("Male", SNOMED, "446151000124109", "Identifies as male gender"),
        Coded("Female", SNOMED, "446141000124107", "Identifies as female gender"),
        Coded("Transgender male", SNOMED, "407377005", "Female-to-male transsexual"),
        Coded("Transgender female", SNOMED, "407376001", "Male-to-female transsexual"),
        Coded(
            "Genderqueer, neither exclusively male nor female",
            SNOMED,
            "446131000124102",
            "Identifies as non-conforming gender",
        ),
        Coded("Decline to answer", NULL_FLAVOR, "ASKU", "asked but unknown"),
        Coded("Additional gender category, please specify.", NULL_FLAVOR, "OTH", "other"),
    ),
    free_text=False,
)
"""The value set that US Core binds gender identity to (VSAC 2.16.840.1.113762.1.4.1021.32) has one code for each."""

_LANGUAGE = (
    ("English", "en", "ENG"),
    ("Spanish", "es", "SPA"),
    ("French", "fr", "FRE"),
    ("German", "de", "GER"),
    ("Portuguese", "pt", "POR"),
    ("Russian", "ru", "RUS"),
    ("Chinese", "zh", "CHI"),
    ("Vietnamese", "vi", "VIE"),
    ("Korean", "ko", "KOR"),
    ("Tagalog", "tl", "TGL"),
    ("Arabic", "ar", "ARA"),
    ("Polish", "pl", "POL"),
    ("Haitian Creole", "ht", "HAT"),
    ("American Sign Language", "ase", "ASE"),
)
TAGS = {iso: tag for _, tag, iso in _LANGUAGE}
"""ISO 639-2 code, as CRMs write it, to the tag of BCP 47."""
LANGUAGE = concept(
    (Coded(name, LANGUAGES, code, name) for name, code, _ in _LANGUAGE),
    back={iso: name for name, _, iso in _LANGUAGE} | {"en-US": "English", "es-US": "Spanish", "es-MX": "Spanish"},
)

RELATIONSHIP = concept(
    (
        Coded("The Beneficiary is a child of the Subscriber", SUBSCRIBER_RELATIONSHIP, "child", "Child"),
        Coded("Parent", SUBSCRIBER_RELATIONSHIP, "parent", "Parent"),
        Coded("Spouse", SUBSCRIBER_RELATIONSHIP, "spouse", "Spouse"),
        Coded("Common-Law Spouse", SUBSCRIBER_RELATIONSHIP, "common", "Common Law Spouse"),
        Coded("Other", SUBSCRIBER_RELATIONSHIP, "other", "Other"),
        Coded("Self", SUBSCRIBER_RELATIONSHIP, "self", "Self"),
        Coded("Injured Party", SUBSCRIBER_RELATIONSHIP, "injured", "Injured Party"),
    ),
    free_text=False,
)

IMP, AMB = "IMP", "AMB"
_CLASSES = {
    IMP: {"system": ACT_CODE, "code": IMP, "display": "inpatient encounter"},
    AMB: {"system": ACT_CODE, "code": AMB, "display": "ambulatory"},
}
UNKNOWN_CLASS = {"system": NULL_FLAVOR, "code": "UNK", "display": "unknown"}
LEVELS_OF_CARE: dict[str, str | None] = {
    "Early Intervention (0.5)": AMB,
    "Outpatient Services (1.0)": AMB,
    "Long-Term Remission Monitoring (1.0)": AMB,
    "Outpatient Therapy (1.5)": AMB,
    "Medically Managed Outpatient (1.7)": AMB,
    "IOP/PHP - General (2)": AMB,
    "IOP (2.1)": AMB,
    "HIOP (High-Intensity Outpatient) (2.5)": AMB,
    "PHP (2.5)": AMB,
    "Medically Managed Intensive Outpatient (2.7)": AMB,
    "Residential - General (3)": IMP,
    "Clinically Managed Low-Intensity Residential Services (3.1)": IMP,
    "Clinically Managed Population-Specific High-Intensity Services (3.2)": IMP,
    "Clinically Managed High-Intensity Residential Services (3.5)": IMP,
    "Medically Monitored Intensive Inpatient Services (3.7)": IMP,
    "Medically Managed Residential (3.7)": IMP,
    "Medically Managed Intensive Inpatient Services (4)": IMP,
    "Ambulatory Detox Without Extended Onsite Monitoring (I-D)": AMB,
    "Ambulatory Detox With Extended Onsite Monitoring (II-D)": AMB,
    "Clinically Managed Residential Detoxification (III.2-D)": IMP,
    "Medically Monitored Inpatient Detoxification (III.7-D)": IMP,
    "Medically Managed Intensive Inpatient Detoxification (IV-D)": IMP,
    "Sober Living": AMB,
    "Recovery Residence": AMB,
    "Case Management": AMB,
    "Monitoring / Drug Testing": AMB,
    "Peer Support": AMB,
    "Advisory Services": AMB,
    "Medication Management": AMB,
    "Other": None,
    "Other - Clinical": None,
    "Level 3 (3)": IMP,
    "Significant Treatment (3)": IMP,
    "Level 4 (4)": IMP,
    "Level 5 (5)": None,
}
"""The contract's 35 levels, and the Encounter.class of each; None where the name does not tell.

A sober living house gives no care around the clock, so a stay there is ambulatory.
"""


def _class(level: Any) -> dict[str, str]:
    setting = LEVELS_OF_CARE.get(level) if isinstance(level, str) else None
    return dict(_CLASSES[setting] if setting else UNKNOWN_CLASS)


def one_way(decode: Any, kind: str = "text", values: tuple[Any, ...] = ()) -> Codec:
    """For facts that only the EMR sets."""

    def encode(value: Any) -> Any:
        raise Unreadable("only the EMR sets this")

    return Codec(decode, encode, kind, values)


CLASS = one_way(_class, "code", tuple(LEVELS_OF_CARE))


def reference(type: str) -> Codec:
    """The EMR's key of something else, as a reference that the gateway resolves."""

    def decode(key: Any) -> str:
        if not isinstance(key, str):
            raise Unreadable("expected the EMR's key")
        return f"emr:{type}/{key}"

    return one_way(decode)


def _words(value: Any) -> list[str]:
    if not isinstance(value, str) or not value.split():
        raise Unreadable("expected text")
    return value.split()


def _joined(value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Unreadable("expected a list of names")
    return " ".join(value)


WORDS = Codec(_words, _joined)
"""Ritten has one middle name, FHIR a list of given names."""

_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")


def _day(value: Any) -> str:
    found = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Unreadable("expected a date, YYYY-MM-DD")
    return str(DATE.decode(found[1]))


def _day_of(value: Any) -> str:
    """Ritten wants a day; of a FHIR dateTime the day travels."""
    if not isinstance(value, str):
        raise Unreadable("expected a date, YYYY-MM-DD")
    return str(DATE.encode(value[:10]))


DAY = Codec(_day, _day_of, "date")


def _when(value: Any) -> str:
    try:
        return _day(value) if isinstance(value, str) and not value.endswith("Z") else str(INSTANT.decode(value))
    except Unreadable:
        return str(INSTANT.decode(value))


WHEN = one_way(_when, "date")
"""Admission and discharge: the contract says `string` only, so a day and an instant are both read as they are."""

_E164 = re.compile(r"\+[1-9]\d{7,14}")
_US = re.compile(r"1?([2-9]\d{9})")
_PUNCTUATION = re.compile(r"[\s().\-/]")


def e164(number: str) -> str | None:
    """The number as Ritten writes it, `+15555555555`; None where it cannot be said."""
    bare = _PUNCTUATION.sub("", number)
    if _E164.fullmatch(bare):
        return bare
    american = _US.fullmatch(bare)
    return f"+1{american[1]}" if american else None


def _number(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable("expected a telephone number")
    return e164(value) or value


PHONE = Codec(_number, _number, "code", ("+15555550100", "+13035550142", "+442079460000"))
"""Ritten has numbers of other forms from old times. They are read as they are; `sendable` keeps new ones back."""


def _ssn(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{3}-?\d{2}-?\d{4}", value):
        raise Unreadable("expected nine digits")
    return value


SSN_DIGITS = Codec(_ssn, _ssn, "code", ("900-00-0001", "900000002"))


def _positive(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Unreadable("expected a number from 1")
    return value


ORDER = Codec(_positive, _positive, "code", (1, 2, 3))
