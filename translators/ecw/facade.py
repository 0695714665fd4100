"""All maps of eCW: the types with a file of their own, and every other type of the facade for live reading."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.translation.passthrough import PassThrough
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.coverage import COVERAGE
from translators.ecw.encounter import ENCOUNTER
from translators.ecw.location import LOCATION
from translators.ecw.organization import ORGANIZATION
from translators.ecw.patient import PATIENT
from translators.ecw.practitioner import PRACTITIONER

TABLED = (PATIENT, ENCOUNTER, COVERAGE, LOCATION, PRACTITIONER, ORGANIZATION)

MAPS: Mapping[str, PassThrough] = {
    **{
        type: PassThrough(type, declared.reading, search={name: name for name in declared.search})
        for type, declared in CAPABILITIES.items()
    },
    **{map.type: map for map in TABLED},
}
