"""The profiles at hand: those that a resource claims or an organisation demands, and extensions by their url."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from gateway.definitions.profiles.elements import Compiler, Inside, Surroundings
from gateway.definitions.profiles.extensions import Met, where
from gateway.definitions.profiles.nodes import Profile
from gateway.definitions.profiles.values import Codes
from gateway.definitions.profiles.verdicts import Holds, holding
from gateway.definitions.validation.findings import FINE, Finding, Findings, one, placed

Object = dict[str, Any]
STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"


class Profiles:
    """Compiles each profile when it is first asked for."""

    def __init__(
        self,
        profiles: Iterable[Profile],
        codes: Mapping[str, Codes],
        primitives: Iterable[str],
        resource_types: Collection[str],
    ) -> None:
        self.known = {profile.url: profile for profile in profiles}
        self._types = resource_types
        self._around = Surroundings(codes, frozenset(primitives), self.type_named, self.fits)
        self._check = cache(self._compile)
        self._verdict = cache(self._compile_verdict)

    def type_named(self, name: str) -> str | None:
        """The resource type of a name as the tables have it."""
        if name in self._types or name == "Resource":
            return name
        return self.known[name].type if name in self.known else None

    def fits(self, url: str, value: Any) -> bool:
        return url in self.known and not self.check(url, value)

    def of_type(self, type: str) -> tuple[str, ...]:
        """The urls of the profiles on a type."""
        return tuple(sorted(url for url, profile in self.known.items() if profile.type == type))

    def check(self, url: str, value: Any, advises: bool = False) -> Findings:
        """What is wrong with the value by the profile, those that it builds upon included."""
        check = self._check(url, advises)
        return check(value) if check else FINE

    def _compile(self, url: str, advises: bool) -> Inside | None:
        profile = self.known[url]
        own = Compiler(short(url), self._around, advises).contents(profile.root)
        if profile.base not in self.known:
            return own
        below = self._check(profile.base, advises)
        if own is None or below is None:
            return own or below
        return lambda value: [*below(value), *own(value)]

    def _compile_verdict(self, url: str) -> Holds:
        profile = self.known[url]
        own = holding(Compiler(short(url), self._around, advises=False), profile.root) or anything
        if profile.base not in self.known:
            return own
        below = self._verdict(profile.base)
        return lambda value: below(value) and own(value)

    def satisfied(self, resource: Object, demanded: Collection[str], met: Met) -> bool:
        """The quick answer to whether there are no findings; a no is for `findings` to explain."""
        urls = {url for _, url, version in claims(resource) if self._is(url, version)}.union(demanded)
        type = resource["resourceType"]
        for url in urls:
            if self.known[url].type != type or not self._verdict(url)(resource):
                return False
        return not urls or all(self._keeps(extension, holder, type) for holder, extension in met)

    def _keeps(self, extension: Object, holder: str, type: str) -> bool:
        profile = self.known.get(extension["url"])
        return profile is None or (may_stand(profile.contexts, holder, type) and self._verdict(profile.url)(extension))

    def findings(self, resource: Object, demanded: Collection[str], met: Met, advises: bool) -> list[Finding]:
        """By the profiles claimed and demanded; the extensions of a resource with any, by their own definitions."""
        claimed = list(claims(resource))
        urls = dict.fromkeys([*(url for _, url, version in claimed if self._is(url, version)), *demanded])
        found = [finding for url in urls for finding in self._of_profile(url, resource, advises)]
        if advises:
            found += self._unknown(claimed)
        return [*found, *self._of_extensions(resource, met, advises)] if urls else found

    def _is(self, url: str, version: str) -> bool:
        return url in self.known and version in ("", self.known[url].version)

    def _of_profile(self, url: str, resource: Object, advises: bool) -> Findings:
        type = self.known[url].type
        if type != resource["resourceType"]:
            return one(f"Remove this profile: it is one of {type}", "structure", ".meta", ".profile")
        return self.check(url, resource, advises)

    def _unknown(self, claimed: Iterable[tuple[int, str, str]]) -> Iterator[Finding]:
        for number, url, version in claimed:
            if not self._is(url, version):
                advice = "Not checked: this server does not know the profile, or not in this version"
                yield Finding(advice, "not-found", [f".profile[{number}]", ".meta"], "warning")

    def _of_extensions(self, resource: Object, met: Met, advises: bool) -> Iterator[Finding]:
        for holder, extension in met:
            profile = self.known.get(extension["url"])
            if profile is None:
                continue
            found = [*misplaced(profile, holder, resource), *self.check(profile.url, extension, advises)]
            if found:
                yield from placed(found, where(resource, extension))


def anything(value: Any) -> bool:
    return True


@lru_cache(maxsize=4096)
def may_stand(contexts: tuple[str, ...], holder: str, type: str) -> bool:
    """Element stands for extensions of primitives, whose holder is not known."""
    places = {holder, "Element"} | ({"Resource", "DomainResource"} if holder == type else set())
    return holder == "Element" or not contexts or not places.isdisjoint(contexts)


def misplaced(profile: Profile, holder: str, resource: Object) -> Findings:
    if may_stand(profile.contexts, holder, resource["resourceType"]):
        return FINE
    return one(f"Remove this: the extension belongs on {', '.join(profile.contexts)}", "structure")


def claims(resource: Object) -> Iterator[tuple[int, str, str]]:
    """Place, url and version of each profile in meta."""
    for number, canonical in enumerate(resource.get("meta", {}).get("profile", ())):
        if canonical is not None:
            url, _, version = canonical.partition("|")
            yield number, url, version


def short(url: str) -> str:
    return url.rsplit("/", 1)[1]
