"""Sight: what one caller may do and see in one organisation.

A limit is a condition on resources of one type, for one action of SMART's c r u d s. It is the union of what the
token's scopes give:

    system/   everything of the type, for a client that acts for itself
    user/     the same for a user of the staff, as far as their role goes; of a patient who is the user, what is theirs
    patient/  the compartment of the patient in context; a type that the compartment does not name is closed

narrowed by the search parameters that a scope is written with, and always by security labels (search/labels.py). What
cannot be understood gives nothing. One condition serves all: SQL finds by it, and a resource is judged by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.access.conditions import PATIENT, Limit, all_of, any_of, compartment, open_by_labels
from gateway.auth.scopes import EVERY_TYPE, ResourceScope
from gateway.auth.verification import Caller
from gateway.definitions.contract import Definitions, Resource
from gateway.faults import ClientFault
from gateway.search.entries import ReferenceEntry
from gateway.search.labels import LabelRule, labels_of, required_by
from gateway.search.query import NEVER, Condition
from gateway.store import document
from gateway.store.contract import Stored
from gateway.store.rows import local
from gateway.subscriptions.criteria import conditions
from gateway.subscriptions.matching import candidate, satisfies
from gateway.subscriptions.visibility import only_visible, sees_all

WRITING = frozenset("cud")
WRITERS = frozenset({"operator", "admin"})


@dataclass(slots=True)
class Sight:
    """Built for one request; what it works out it keeps."""

    definitions: Definitions
    caller: Caller
    base: str
    now: int
    unlimited: bool = False
    """The gateway itself, which no scope and no label holds back."""
    _scoped: dict[tuple[str, str], Limit] = field(default_factory=dict)
    _labels: Limit = None

    # --- limits ---------------------------------------------------------------------------------------------------

    def limit(self, type: str, action: str) -> Limit:
        """None: everything; NEVER: nothing."""
        if self.unlimited:
            return None
        reach = self.reach(type, action)
        return NEVER if reach == NEVER else all_of((reach, self.open_by_labels))

    def allows(self, type: str, action: str) -> bool:
        """Whether there is anything at all."""
        return self.scoped(type, action) != NEVER

    def allows_all(self, type: str, action: str) -> bool:
        """Whether its scopes leave out no resource of the type."""
        return self.scoped(type, action) is None

    def looks_into(self, type: str) -> bool:
        """Whether it may look through resources of the type at once: in chains, histories and labels in use."""
        return self.allows(type, "s") and (self.unlimited or sees_all(self.caller, type))

    def reach(self, type: str, action: str) -> Limit:
        """The limit without the labels: what the scopes give, of Subscriptions only the client's own."""
        if self.unlimited:
            return None
        return all_of((self.scoped(type, action), *only_visible(self.caller, type)))

    def scoped(self, type: str, action: str) -> Limit:
        """What the scopes give by themselves."""
        key = (type, action)
        if key not in self._scoped:
            self._scoped[key] = None if self.unlimited else any_of(self._given(type, action))
        return self._scoped[key]

    @property
    def labels(self) -> LabelRule | None:
        """None where labels hold nothing back: a patient sees all of their own record."""
        if self.unlimited or self.own_patient is not None:
            return None
        return LabelRule(tuple(sorted(self.caller.purposes)))

    @property
    def open_by_labels(self) -> Limit:
        if self._labels is None and (rule := self.labels) is not None:
            self._labels = open_by_labels(rule)
        return self._labels

    @property
    def own_patient(self) -> str | None:
        """The Patient who the user is."""
        type, _, id = (self.caller.fhir_user or "").partition("/")
        return id if type == PATIENT and self.caller.user_email is not None else None

    @property
    def _writes(self) -> bool:
        """A viewer only looks, whatever resource stands for them."""
        return self.caller.user_role in WRITERS

    @property
    def is_held_to_patient(self) -> bool:
        """Whether some of what it reaches it reaches as the record of one patient."""
        contexts = {scope.context for scope in self.caller.scopes.resources}
        return not self.unlimited and ("patient" in contexts or self.own_patient is not None)

    @property
    def identity(self) -> str:
        """Names all that the sight follows from: what is continued for one is not continued for another."""
        caller = self.caller
        who = (caller.client_id, caller.user_email, caller.user_role, caller.fhir_user, caller.patient)
        return repr((*who, str(caller.scopes), sorted(caller.purposes), self.unlimited))

    def _given(self, type: str, action: str) -> Iterator[Limit]:
        for scope in self.caller.scopes.resources:
            if scope.type in (type, EVERY_TYPE) and action in scope.actions:
                limit = all_of((self._of_context(scope, type, action), self._of_query(scope, type)))
                yield limit
                if limit is None:
                    return

    def _of_context(self, scope: ResourceScope, type: str, action: str) -> Limit:
        caller, own = self.caller, self.own_patient
        if scope.context == "system":
            return None if caller.user_email is None else NEVER
        if caller.user_email is None or (action in WRITING and not self._writes):
            return NEVER
        if scope.context == "user":
            return None if own is None else compartment(self.definitions, type, own)
        # A patient who is the user is launched with nobody else's record.
        if caller.patient is None or own not in (None, caller.patient):
            return NEVER
        return compartment(self.definitions, type, caller.patient)

    def _of_query(self, scope: ResourceScope, type: str) -> Limit:
        if not scope.query:
            return None
        if type not in self.definitions.served:
            return NEVER
        try:
            found = conditions(self.definitions, type, scope.query, base=self.base, now=self.now)
        except ClientFault:
            return NEVER
        return all_of(found) if found else NEVER

    # --- judging one resource -------------------------------------------------------------------------------------

    def sees(self, stored: Stored, action: str = "r") -> bool:
        """Whether a version with content is inside the limit."""
        if self.unlimited:
            return True
        if not stored.body or ((rule := self.labels) is not None and not rule.admits(stored.body)):
            return False
        reach = self.reach(stored.type, action)
        return reach is None or self._holds(reach, document.decode(stored.body), stored.updated)

    def admits(self, resource: Resource, action: str) -> bool:
        """Whether what is to be written would be inside the limit, and in nobody else's compartment by it."""
        if self.unlimited:
            return True
        rule = self.labels
        if rule is not None and not rule.opens(required_by(labels_of(resource))):
            return False
        reach = self.scoped(resource["resourceType"], action)
        return reach is None or (self._holds(reach, resource, self.now) and not self._touches_others(resource, action))

    def admits_live(self, resource: Resource, action: str) -> bool:
        """The same of what an EMR answers, whose types need not all be served here."""
        if self.unlimited:
            return True
        type, rule = resource["resourceType"], self.labels
        if rule is not None and not rule.opens(required_by(labels_of(resource))):
            return False
        reach = self.scoped(type, action)
        return reach is None or (type in self.definitions.served and self._holds(reach, resource, self.now))

    def _holds(self, reach: Condition, resource: Resource, updated: int) -> bool:
        if reach == NEVER:
            return False
        judged = candidate(self.definitions, resource, updated, self.base)
        return satisfies(judged, resource["resourceType"], (reach,))

    def _touches_others(self, resource: Resource, action: str) -> bool:
        """Who acts for one patient puts nothing into the records of others."""
        held_to = self._held_to(resource["resourceType"], action)
        if held_to is None:
            return False
        members = self.definitions.patient_compartment.get(resource["resourceType"], ())
        entries = local(self.definitions.index(resource), self.base)
        referred = (each for each in entries if isinstance(each, ReferenceEntry) and each.param in members)
        return any(each.type == PATIENT and each.id != held_to for each in referred)

    def _held_to(self, type: str, action: str) -> str | None:
        """The one patient whose record all that the action is given for on the type is of."""
        given = [s for s in self.caller.scopes.resources if s.type in (type, EVERY_TYPE) and action in s.actions]
        if self.own_patient is None and any(scope.context != "patient" for scope in given):
            return None
        return self.own_patient or self.caller.patient


def sight_of_gateway(definitions: Definitions, caller: Caller, base: str, now: int) -> Sight:
    """For what the gateway does by itself."""
    return Sight(definitions, caller, base, now, unlimited=True)
