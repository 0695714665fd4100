"""Charts by their keys: those that a webhook names, and those that an operator has unlocked.

What KIPU's webhooks say is not published. Of whatever form a body is, a casefile id in it is looked for, or a patient's
number beside its master; what is found is no more than a hint of what to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

from gateway.translation.contract import Account, Acquainted, Flow, Linked, Moment, Pulled, gather
from gateway.translation.known import known_of, person_of
from translators.kipu import calls, casefile
from translators.kipu.chart import pulled

GONE = frozenset({404, 422})
"""A chart that was deleted, or a key that KIPU never gave."""
MOST_NAMED = 20
CASEFILE = re.compile(rf"(?<![0-9])[0-9]{{1,18}}:{casefile.UUID}(?![0-9a-f])")
NUMBER = re.compile(r"\bpatient_id\W{1,6}([0-9]{1,18})\b")
MASTER = re.compile(rf"\bpatient_master_id\W{{1,6}}({casefile.UUID})")


def fetch(account: Account, keys: Sequence[str], known: Acquainted, moment: Moment) -> Flow[tuple[Pulled, ...]]:
    wanted = [key for key in dict.fromkeys(keys) if casefile.parts(key)]
    people = dict(known_of(known).persons({person_of(key) for key in wanted}))
    return tuple((yield from charts(account, wanted, people, GONE)))


def charts(
    account: Account, keys: Sequence[str], people: Mapping[str, Linked], gone: frozenset[int] = calls.MISSING
) -> Flow[list[Pulled]]:
    """In full, older stays first; `people` are those of them who are known, by person."""
    replies = yield from gather([calls.detail(account, key, accepts=gone) for key in keys])
    records = [calls.patient_of(reply) for reply in replies if reply.status not in gone]
    found, acquainted = [], dict(people)
    for record in sorted(records, key=casefile.number):
        key = str(record["casefile_id"])
        found.append(pulled(account, record, acquainted.get(person_of(key))))
        # A second stay of the same person at once: it must not become a second patient.
        acquainted.setdefault(person_of(key), Linked(casefile.our_id(record) or "", key))
    return found


def named(body: bytes) -> tuple[str, ...]:
    text = unquote_plus(body.decode("utf-8", "replace")).lower()
    if keys := tuple(dict.fromkeys(CASEFILE.findall(text)))[:MOST_NAMED]:
        return keys
    numbers, masters = set(NUMBER.findall(text)), set(MASTER.findall(text))
    return (f"{numbers.pop()}:{masters.pop()}",) if len(numbers) == len(masters) == 1 else ()
