"""Everything Crosswalk refuses or fails with, by meaning.

    Fault
    ├── ClientFault          the caller erred
    │   ├── Malformed        the bytes are not what they claim to be
    │   ├── Invalid          the resource or parameter breaks a rule of FHIR
    │   ├── Unprocessable    well-formed, but a business rule forbids it
    │   ├── Unauthenticated  no token, or not one of ours
    │   ├── Forbidden        the token does not reach that far
    │   ├── NotFound         no such resource, type or organisation here
    │   ├── Gone             it was deleted
    │   ├── Conflict         another write came first, or an identity is taken
    │   ├── PreconditionFailed  If-Match or a conditional write did not hold
    │   ├── NotSupported     FHIR knows it, this server does not declare it
    │   ├── MethodNotAllowed  the place exists, the verb does not fit it
    │   ├── NotAcceptable    no such response format
    │   ├── UnsupportedMedia  no such request format
    │   ├── TooLarge         over a declared limit
    │   ├── TooSlow          the body did not come in time
    │   └── Throttled        more often, or more at once, than is allowed
    ├── EmrFault             an EMR erred; never shown as the client's
    │   ├── EmrUnreachable   no connection, or no answer in time        (retry)
    │   ├── EmrBusy          it asked us to come back later             (retry)
    │   ├── EmrNonsense      its answer breaks its own contract         (retry)
    │   ├── EmrDenied        it refused our credentials
    │   ├── EmrRefused       it refused this record
    │   ├── EmrUnsettled     a create went out, and whether it was carried out is not known
    │   └── EmrSwitchedOff   the endpoint is off for this instance
    ├── DatabaseBusy         our own database is busy or out of reach     (retry)
    └── Misconfigured        the operator has to set something right

Which HTTP status and issue code each one becomes stands in one table, in outcome.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from gateway.translation.unmapped import Unmapped

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One OperationOutcome.issue. `diagnostics` names what to do and holds no patient data."""

    diagnostics: str
    expression: tuple[str, ...] = ()
    code: str | None = None
    """An IssueType code; None takes the fault's own."""
    severity: Severity = "error"


class Fault(Exception):
    """A refusal or failure with one or more issues."""

    def __init__(self, diagnostics: str | tuple[Issue, ...], *expression: str) -> None:
        issues = (Issue(diagnostics, expression),) if isinstance(diagnostics, str) else diagnostics
        super().__init__("; ".join(issue.diagnostics for issue in issues))
        self.issues = issues


class ClientFault(Fault):
    """The caller erred."""


class Malformed(ClientFault):
    """The bytes are not what they claim to be."""


class Invalid(ClientFault):
    """The resource or parameter breaks a rule of FHIR."""


class Unprocessable(ClientFault):
    """Well-formed, but a business rule forbids it."""


class Unauthenticated(ClientFault):
    """No token, or not one of ours."""

    def __init__(self, diagnostics: str | tuple[Issue, ...], *expression: str, challenge: str = "Bearer") -> None:
        super().__init__(diagnostics, *expression)
        self.challenge = challenge
        """What the WWW-Authenticate header has to say (RFC 9110, 11.6.1)."""


class Forbidden(ClientFault):
    """The token does not reach that far."""


class NotFound(ClientFault):
    """No such resource, type or organisation here."""


class Gone(ClientFault):
    """It was deleted."""


class Conflict(ClientFault):
    """Another write came first, or an identity is taken."""


class PreconditionFailed(ClientFault):
    """If-Match or a conditional write did not hold."""


class NotSupported(ClientFault):
    """FHIR knows it, this server does not declare it."""


class MethodNotAllowed(ClientFault):
    """The place exists, the verb does not fit it."""


class NotAcceptable(ClientFault):
    """No such response format."""


class UnsupportedMedia(ClientFault):
    """No such request format."""


class TooLarge(ClientFault):
    """Over a declared limit."""


class TooSlow(ClientFault):
    """The client kept the gateway waiting for what it began to send."""


class Throttled(ClientFault):
    """More often, or more at once, than is allowed."""

    def __init__(self, diagnostics: str | tuple[Issue, ...], *expression: str, after: float) -> None:
        super().__init__(diagnostics, *expression)
        self.after = after
        """Seconds to wait."""


class EmrFault(Fault):
    """An EMR erred; never shown as the client's. Its text is cleaned of patient data before it gets here."""

    retryable: ClassVar[bool] = False


class EmrUnreachable(EmrFault):
    """No connection, or no answer in time."""

    retryable = True

    def __init__(self, diagnostics: str, *, unsent: bool = False, hung: bool = False) -> None:
        super().__init__(diagnostics)
        self.unsent = unsent
        """There was no connection: the EMR has not seen the request."""
        self.hung = hung
        """It was waited for in vain: others need not do so too."""


class EmrBusy(EmrFault):
    """It asked us to come back later."""

    retryable = True

    def __init__(
        self, diagnostics: str | tuple[Issue, ...], *, after: float | None = None, unsent: bool = False
    ) -> None:
        super().__init__(diagnostics)
        self.after = after
        """Seconds to wait, when the EMR said, or its limit does."""
        self.unsent = unsent
        """The gateway itself held the request back: the EMR has not seen it."""


class EmrNonsense(EmrFault):
    """Its answer breaks its own contract."""

    retryable = True


class EmrDenied(EmrFault):
    """It refused our credentials."""


class EmrRefused(EmrFault):
    """It refused this record."""

    def __init__(
        self, diagnostics: str | tuple[Issue, ...], *expression: str, unmapped: tuple[Unmapped, ...] = ()
    ) -> None:
        super().__init__(diagnostics, *expression)
        self.unmapped = unmapped
        """If one of these words of the record were mapped, the EMR might take it."""


class EmrUnsettled(EmrFault):
    """A create went out, and whether it was carried out is not known: it is not sent again."""


class EmrSwitchedOff(EmrFault):
    """The endpoint is off for this instance."""


class DatabaseBusy(Fault):
    """Our own database is busy or out of reach."""

    def __init__(self, diagnostics: str | tuple[Issue, ...], *expression: str, after: float = 1.0) -> None:
        super().__init__(diagnostics, *expression)
        self.after = after
        """Seconds to wait."""


class Misconfigured(Fault):
    """The operator has to set something right."""
