"""What a translator plugin is: tables, and flows that yield calls. No I/O, no clock, no randomness.

A flow is a generator. It yields tuples of calls that may go out side by side and is sent their replies in the same
order; `send` and `gather` are the two ways to say so:

    def read(self, account, type, id):
        reply = yield from send(Call("GET", f"/patients/{id}"))
        return PATIENT.bound(account.bindings).to_fhir(reply.json()).value

The runner adds the address, the authorization, the rate limit, the retries and the journal. A reply that is not 2xx
never reaches a flow, unless the call says which statuses it `accepts`: the runner raises `translator.fault(reply)` into
the flow instead. Plugins are found through the entry-point group `gateway.translators`; an entry point names an object
that satisfies `Translator`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, TypeVar

import msgspec

from gateway.faults import EmrNonsense, Fault
from gateway.translation.halfway import Halfway as Halfway
from gateway.translation.known import Known
from gateway.translation.lens import LeftOut
from gateway.translation.limits import Minting as Minting
from gateway.translation.limits import Rate as Rate
from gateway.translation.pulled import DischargeLock as DischargeLock
from gateway.translation.pulled import Part as Part
from gateway.translation.pulled import Pulled as Pulled
from gateway.translation.pulled import PullPage as PullPage
from gateway.translation.pulled import Referral as Referral
from gateway.translation.pulled import Stay as Stay
from gateway.translation.pulled import Whole as Whole
from gateway.translation.rows import Bindings, Record, Resource
from gateway.translation.view import Viewed

T = TypeVar("T")
DECODER = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `json()` keeps decimals as written."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)
    sent: datetime | None = field(default=None, compare=False)
    """When the request went out, by our clock; the `date` header is the EMR's."""

    def json(self) -> Any:
        """The body as JSON; raises EmrNonsense when it is none."""
        try:
            return DECODER.decode(self.body)
        except (
            ValueError,
            RecursionError,
        ) as error:  # msgspec's own error, bytes that are not UTF-8, too deep a nesting
            raise EmrNonsense(f"the EMR answered {self.status} with a body that is not JSON") from error


@dataclass(frozen=True, slots=True)
class File:
    """An attachment of a chart. Its bytes stay where the store has them until a call is sent that holds them."""

    source: str
    """Where they are: `Binary/ID`, or `Type/ID#path` of the element that holds them."""
    media_type: str | None
    """By what the bytes are, whatever their label says; None for what no translator takes."""
    size: int
    digest: str
    """SHA-256, in hex: other bytes are another file."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part of a multipart body: a field, or a file under a name."""

    name: str
    text: str = field(default="", repr=False)
    file: File | None = None
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call below the account's base URL. `json`, `form`, `parts` or nothing is the body."""

    method: str
    path: str
    """Below the base URL, with its leading slash and already escaped; or a whole URL of an allowed origin."""
    query: tuple[tuple[str, str], ...] = ()
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    parts: tuple[FormPart, ...] = ()
    """A body of multipart/form-data."""
    boundary: str = ""
    """Of the parts; made of `Moment.nonce`, so that a flow that is replayed says the same bytes."""
    headers: Mapping[str, str] = field(default_factory=dict)
    token: str | None = ""
    """Which access token the call needs, by the scope set it was asked for; None for a call without authorization."""
    discovered: bool = False
    """The address is a token endpoint from the account's own discovery document, and what goes there is an assertion

    that names this very address as its audience: it may be at any https host. Never set it for a call with a secret.
    """
    accepts: frozenset[int] = frozenset()
    """Statuses outside 2xx that the flow wants to see."""
    guard: Callable[[], Flow[Reply | None]] | None = None
    """Run in the same step just before every attempt: a reply that it finds is taken instead of making the call.

    It makes a call that must not happen twice (a create) safe to repeat after a lost answer.
    """
    once: bool = False
    """A create that the guard may fail to see: once it has gone out it never goes out again by itself.

    That it goes out is written down before; it is only taken back when the answer proves that nothing was done.
    Another attempt raises EmrUnsettled into the flow.
    """
    settles: float | None = None
    """With `once`: seconds after which the guard sees what was carried out; what it does not see goes out again."""
    undone: Callable[[Reply], bool] | None = None
    """With `once`: whether a 2xx reply says that nothing was done, so that the call may go out again."""
    adopts: str | None = None
    """The EMR's key of a record that is taken for the patient's from now on; EmrRefused where it is another's here."""
    halfway: Callable[[Reply], Halfway] | None = None
    """What the reply, or the find of the guard, leaves the EMR with until later calls of the flow bring the rest."""

    @property
    def media_type(self) -> str | None:
        """Of the body; None when there is none."""
        if self.json is not None:
            return "application/json"
        if self.form is not None:
            return "application/x-www-form-urlencoded"
        return f"multipart/form-data; boundary={self.boundary}" if self.parts else None


Calls: TypeAlias = tuple[Call, ...]
Replies: TypeAlias = tuple[Reply, ...]
Flow: TypeAlias = Generator[Calls, Replies, T]


def send(call: Call) -> Flow[Reply]:
    (reply,) = yield (call,)
    return reply


def gather(calls: Sequence[Call]) -> Flow[Replies]:
    """All of them, side by side as far as the account's concurrency goes; replies in the order of the calls."""
    if not calls:
        return ()
    return (yield tuple(calls))


@dataclass(frozen=True, slots=True)
class Setting:
    """One `--set` or `--secret` key of a connection. `default` None means that the operator has to give it."""

    help: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """The value is some of these, with blanks between; "" is all of them."""
    between: tuple[float, float] | None = None
    """The value is a number, from and to."""


@dataclass(frozen=True, slots=True)
class Target:
    """A field of the EMR's API that an operator may bind a custom field of the CRM to."""

    type: str
    """`string` or `date`."""
    writable: bool = True
    """The API also takes it."""


NO_CUSTOM_FIELDS: Mapping[str, Target] = {}


@dataclass(frozen=True, slots=True)
class Account:
    """One connection, as its translator sees it. Settings hold the defaults already."""

    org: str
    name: str
    base_url: str
    """Without a trailing slash."""
    public_url: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    mappings: Mapping[str, Mapping[str, str]]
    """`payer`, `program`, `location`, `custom-field`, `definition`: from the CRM's word to the EMR's."""
    assertion: Callable[[Mapping[str, Any]], str] = field(repr=False)
    """Signs claims as a JWT with the gateway's own RS384 key (SMART backend services)."""

    def system(self, kind: str) -> str:
        """The identifier system of this connection (interfaces.md, 6): kind `mr` or `id`."""
        return f"{self.public_url}/fhir/r4/{self.org}/NamingSystem/{self.name}-{kind}"

    @property
    def bindings(self) -> Bindings:
        return Bindings({"id": self.system("id"), "mr": self.system("mr")}, self.mappings)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how many seconds it serves."""

    value: str = field(repr=False)
    expires_in: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The clock and randomness of one flow, so that it can be replayed."""

    now: datetime
    nonce: str
    """Unguessable, new for each flow."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A patient and all that belongs to them, as the store has it; what a push translates."""

    patient: Resource
    resources: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)
    """By type: Encounter, Coverage … of this patient, oldest first."""
    referenced: Mapping[str, Resource] = field(default_factory=dict)
    """By `Type/id`: what those refer to (Organization, Location, Practitioner …), where the store has it."""
    files: Mapping[str, File] = field(default_factory=dict)
    """By place, `DocumentReference/d-1.content[0].attachment`: the bytes of attachments, for who declares `files`."""

    def of(self, type: str) -> tuple[Resource, ...]:
        return self.resources.get(type, ())

    def resolve(self, reference: Mapping[str, Any] | None) -> Resource | None:
        return self.referenced.get((reference or {}).get("reference", ""))


@dataclass(frozen=True, slots=True)
class Linked:
    """What the gateway remembers of a patient in one EMR."""

    local_id: str
    """The Patient's id in the store; also the id that we give the EMR as ours."""
    external_id: str | None = None
    """None until the EMR has told its own."""
    record: Record | None = field(default=None, repr=False)
    """The vendor's document as last synced."""
    locked: bool = False
    """No updates of the stays that were taken are wanted now (`DischargeLock`): their details need not be asked for."""
    sent: datetime | None = None
    """When a create went out whose record the EMR has not shown yet."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Attachments that the EMR was sent: the translator's name of the place → digest of what is there."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """`Type/id` of the chart's other resources that the EMR takes, and of patients that it names → the EMR's key."""
    records: Mapping[str, Record] = field(default_factory=dict, repr=False)
    """`Type/id` of those of a type in the translator's `compared` → the EMR's record as last synced."""
    looked: int = 0
    """When a pull last read the chart, UTC microseconds; 0: never."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of the EMR with the patient's name and birth date, which does not say that it is ours."""

    key: str
    is_new: bool
    """It came about after our delivery went out."""


Acquainted: TypeAlias = Known[Linked] | Sequence[Linked]
"""The patients that a connection has linked: `known_of` makes a look-up of either."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push that the EMR has accepted."""

    external_id: str | None
    """None when the EMR has taken the record but not yet told its id."""
    record: Record | None = field(default=None, repr=False)
    identifiers: Mapping[str, str] = field(default_factory=dict)
    """kind (`id`, `mr`) → value, to be added to the Patient."""
    links: Mapping[str, str] = field(default_factory=dict)
    """`Type/id` of other resources of the chart → the EMR's key for them, so that a pull knows them again."""
    left_out: tuple[LeftOut, ...] = ()
    awaited: bool = False
    """There is no external id yet, and another push asks for it and sends nothing."""
    candidates: tuple[Candidate, ...] = ()
    """While there is no external id: the EMR's records that may be this patient's."""
    carried: tuple[str, ...] = ()
    """`Type/id` of resources of types that the translator refuses in general and has taken here."""
    files: Mapping[str, str] | None = None
    """What `Linked.files` is from now on; None: as it was."""
    detail: str = "200 OK"
    """What the log shows: the EMR's answer in a few words, without patient data."""
    refused: str | None = None
    """What the EMR refused while it took the rest, and what would mend it: such a delivery has failed."""
    records: Mapping[str, Record] = field(default_factory=dict, repr=False)
    """`Type/id` of `links` → the EMR's record of them, as a pull would show it: what both sides know from now on."""


@dataclass(frozen=True, slots=True)
class Found:
    """A live search result: the EMR's resources in order, and the query string of the next page."""

    resources: tuple[Resource, ...]
    next: str | None = None
    total: int | None = None
    issues: tuple[Resource, ...] = ()
    """OperationOutcomes that came with them."""


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of vendor document: every leaf that the vendor documents, and the tables that read it.

    Contract tests hold that each leaf is a vendor path of some table or stands in `ignored` with its reason.
    Paths write list elements as `[]`: `insurances[].member_id`.
    """

    name: str
    leaves: frozenset[str]
    maps: tuple[Viewed, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, str] = field(default_factory=dict)
    """Type of a map → where its records lie in this document, such as `insurances[]`; "" is the document itself."""
    examples: tuple[Record, ...] = field(default=(), repr=False)
    """Documents as the vendor's documentation shows them, synthetic, for the contract suite."""


class Translator(Protocol):
    """A vendor. Every `Flow` method must be pure: the same arguments and replies give the same calls."""

    name: str
    title: str
    """As people write it: `KIPU`."""
    settings: Mapping[str, Setting]
    secrets: Mapping[str, Setting]
    webhooks: tuple[str, ...]
    """Names of the inbound webhooks that the vendor calls, in URL form: `patient-creation`."""

    @property
    def maps(self) -> Mapping[str, Viewed]:
        """By FHIR type: the declaration; a type or interaction that is not here is not served."""

    refused: Mapping[str, str]
    """FHIR type → why this EMR does not take it from us; reported for every push that has such a resource."""
    pulled: frozenset[str]
    """FHIR types that a pull brings into the store; others that `maps` reads are served live only."""
    kinds: tuple[RecordKind, ...]
    custom_fields: Mapping[str, Target]
    """The EMR's fields that custom fields of the CRM may be bound to, by the EMR's names; empty where it has none."""
    concurrency: int
    """How many calls may be under way at once for one account."""
    rate: Rate | None
    """How fast it may be called, and who shares that limit; None where the vendor names none."""
    minting: Minting | None
    """What an access token depends on, and how many are issued; None: on all settings, and as many as are asked for."""

    def authorize(
        self, account: Account, call: Call, target: str, body: bytes, token: str | None, moment: Moment
    ) -> Mapping[str, str]:
        """The headers that authorize one outgoing request. `target` is the exact request target (path and query)."""

    def token(self, account: Account, scope: str, moment: Moment) -> Flow[Token] | None:
        """How to get an access token; None for vendors without tokens."""

    def fault(self, reply: Reply) -> Fault:
        """The meaning of a reply outside 2xx; total, and without patient data."""

    def test(self, account: Account, moment: Moment) -> Flow[str]:
        """Prove that address and credentials work; answers a sentence for the operator. Faults say what to mend."""

    def push(self, account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
        """Make the EMR agree with the chart: create where the link has no external id, else update."""

    def pull(
        self, account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
    ) -> Flow[PullPage]:
        """The next page of news after the cursor; `types` empty means all that the translator pulls."""

    def read(self, account: Account, type: str, id: str) -> Flow[Resource]:
        """One resource, live; its id is the FHIR-safe form of the EMR's key. Raises NotFound."""

    def search(self, account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
        """A live search with the FHIR parameters that the map's `search` declares."""
