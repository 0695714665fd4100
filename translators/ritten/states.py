"""States and territories of the United States as Ritten's `region` takes them."""

from __future__ import annotations

_NAMES = """
AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut; DE Delaware;
DC District of Columbia; FL Florida; GA Georgia; HI Hawaii; ID Idaho; IL Illinois; IN Indiana; IA Iowa; KS Kansas;
KY Kentucky; LA Louisiana; ME Maine; MD Maryland; MA Massachusetts; MI Michigan; MN Minnesota; MS Mississippi;
MO Missouri; MT Montana; NE Nebraska; NV Nevada; NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York;
NC North Carolina; ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania; RI Rhode Island;
SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont; VA Virginia; WA Washington;
WV West Virginia; WI Wisconsin; WY Wyoming; AS American Samoa; GU Guam; MP Northern Mariana Islands;
PR Puerto Rico; VI Virgin Islands
"""
STATES = {code: name for code, _, name in (entry.strip().partition(" ") for entry in _NAMES.split(";"))}
_CODES = {name.casefold(): code for code, name in STATES.items()} | {code.casefold(): code for code in STATES}
_UNITED_STATES = frozenset({"us", "usa", "u.s.", "u.s.a.", "united states", "united states of america"})


def state_code(text: str) -> str | None:
    """The two letters of a code or full name, however its case; None where it is neither."""
    return _CODES.get(" ".join(text.split()).casefold())


def is_united_states(country: str | None) -> bool:
    """An address without a country is taken as American: Ritten's clinics are."""
    return country is None or country.strip().casefold() in _UNITED_STATES
