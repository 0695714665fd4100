"""The people of the scale benchmark: as many share a name, a birth date or a clinic as would in a real population.

Surnames and given names are drawn by rank (a name of rank r is carried by about 1/(r + 12) of the commonest's number),
birth dates evenly over eighty years. Nobody is real. What grows with the population, as it does in life: how many are
called Smith (the commonest surname has about one in sixty), how many share a birth date (two at 64,000 patients), and
how many a clinic has (there are always sixty-four).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from random import Random

from gateway.definitions.contract import Resource

SYSTEM = "https://crm.example/id"
SURNAMES = """Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson
Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker
Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter
Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers
Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood
James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell
Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher Vasquez Simmons Romero Jordan Patterson
Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina
Aguilar Stevens Murray Ford Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells Vargas
Henry Chen Freeman Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason
Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt
Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer Hawkins Arnold Pierce
Vazquez Hansen Peters Santos Hart Bradley Knight Elliott Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews
Alvarado Ray Delgado Berry Perkins Hoffman Johnston Matthews Pena Richards Contreras Willis Carpenter Lawrence Sandoval
O'Brien Søndergaard Müller Núñez Kowalczyk Okafor Haddad Ivanova Yamamoto Fitzgerald""".split()  # noqa: SIM905
GIVEN = """James Mary Michael Patricia Robert Jennifer John Linda David Elizabeth William Barbara Richard Susan Joseph
Jessica Thomas Karen Christopher Sarah Charles Lisa Daniel Nancy Matthew Sandra Anthony Ashley Mark Emily Steven Kim
Donald Betty Andrew Margaret Joshua Donna Paul Michelle Kenneth Carol Kevin Amanda Brian Melissa Timothy Deborah Ronald
Stephanie Jason Rebecca George Sharon Edward Laura Jeffrey Cynthia Ryan Amy Jacob Kathleen Nicholas Angela Gary Dorothy
Eric Emma Jonathan Olivia Stephen Brenda Larry Nicole José Zoë André Chloé Jesús Noah Ana Sofía Omar Fatima Wei Mei
Arjun Priya Yusuf Leila""".split()  # noqa: SIM905
FIRST_DAY, DAYS, COMMONEST = date(1930, 1, 1), 80 * 365, 12
CLINICS, REGIONS, NETWORKS = 64, 8, 2


@lru_cache
def weights(count: int) -> tuple[float, ...]:
    return tuple(accumulate(1 / (rank + COMMONEST) for rank in range(count)))


def organisations() -> Iterator[Resource]:
    """Clinics, part of regions, part of networks."""
    for at in range(NETWORKS):
        yield organisation("network", at)
    for at in range(REGIONS):
        yield organisation("region", at, f"network{at % NETWORKS}")
    for at in range(CLINICS):
        yield organisation("clinic", at, f"region{at % REGIONS}")


def organisation(kind: str, number: int, parent: str | None = None) -> Resource:
    above = {"partOf": {"reference": f"Organization/{parent}"}} if parent else {}
    name = f"{kind.title()} {number}"
    return {"resourceType": "Organization", "id": f"{kind}{number}", "active": True, "name": name, **above}


@dataclass(frozen=True)
class Person:
    """One of the patients, with an encounter and a coverage; always the same for a number."""

    number: int

    @cached_property
    def _drawn(self) -> tuple[str, str, str, int]:
        random = Random(self.number)  # noqa: S311 — data, not secrets
        family = random.choices(SURNAMES, cum_weights=weights(len(SURNAMES)))[0]
        given = random.choices(GIVEN, cum_weights=weights(len(GIVEN)))[0]
        return family, given, f"{FIRST_DAY + timedelta(random.randrange(DAYS))}", random.randrange(CLINICS)

    @property
    def family(self) -> str:
        return self._drawn[0]

    @property
    def born(self) -> str:
        return self._drawn[2]

    @property
    def clinic(self) -> int:
        return self._drawn[3]

    @property
    def seen(self) -> date:
        return date(2025, 1, 1) + timedelta(self.number * 7 % 600)

    def resources(self) -> Iterator[Resource]:
        family, given, born, clinic = self._drawn
        id, to_patient = f"p{self.number}", {"reference": f"Patient/p{self.number}"}
        yield {
            "resourceType": "Patient", "id": id, "active": True, "gender": "female" if self.number % 2 else "male",
            "identifier": [{"system": SYSTEM, "value": str(self.number)}], "birthDate": born,
            "name": [{"use": "official", "family": family, "given": [given]}],
            "managingOrganization": {"reference": f"Organization/clinic{clinic}"},
        }  # fmt: skip
        yield {
            "resourceType": "Encounter", "id": f"e{self.number}", "status": "finished", "subject": to_patient,
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "period": {"start": f"{self.seen}", "end": f"{self.seen + timedelta(3)}"},
        }  # fmt: skip
        yield {
            "resourceType": "Coverage", "id": f"c{self.number}", "status": "active", "beneficiary": to_patient,
            "payor": [{"display": "Sample Health"}],
        }  # fmt: skip
