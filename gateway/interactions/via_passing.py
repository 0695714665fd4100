"""Requests that pass through to an EMR which speaks FHIR itself: reads, searches and the operations that it declares.

What is undeclared or out of the caller's reach is refused before it costs a call. What comes back is the EMR's own
bytes, in which only addresses change; its refusals keep their OperationOutcome, and what is wrong between the gateway
and the EMR (tokens, limits, time-outs, web pages) is told as just that.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from starlette.responses import Response

from gateway.faults import EmrFault, EmrNonsense, Forbidden, NotFound, NotSupported
from gateway.formats import CONTENT_TYPE, FHIR_JSON, MEDIA_TYPES, PLAIN, Format, media_type, wanted
from gateway.interactions.exchange import Exchange
from gateway.interactions.via_answer import Passage, begun, collected
from gateway.interactions.via_binary import SeenBinary, check_raw, raw_headers
from gateway.interactions.via_bundle import OUTCOME, SeenBundle, sees, type_of
from gateway.interactions.via_links import Links, Params, Seal
from gateway.search.paging import PAGE
from gateway.translation.addresses import Addresses, addresses
from gateway.translation.contract import Account, Call, Reply, Translator
from gateway.translation.lens import Interaction
from gateway.translation.live import LiveRunner
from gateway.translation.passing import (
    Passable,
    Passing,
    check_interaction,
    check_operation,
    check_search,
    passable,
)
from gateway.translation.splitting import MOST
from gateway.translation.streamed import Streamed

OURS = frozenset({"_format", "_pretty"})
BINARY = "Binary"
ID = re.compile(r"[A-Za-z0-9._\-]{1,128}", re.ASCII)
"""EMRs were seen to put `_` into ids."""
NO_IDS = frozenset({"_history", "_search"})
REFUSAL = 256 * 1024
"""Bytes of an answer that is no success."""
NOT_THEIRS = frozenset({401, 403, 407, 408, 421, 425, 429, 431})
"""What these say is between the gateway and the EMR."""
VALIDATORS = ("etag", "last-modified")
Rest = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Road:
    """One request on its way through a connection."""

    exchange: Exchange
    runner: LiveRunner
    translator: Translator
    passing: Passing
    account: Account

    @property
    def connection(self) -> str:
        connection: str = self.exchange.request.path_params["connection"]
        return connection

    @property
    def addresses(self) -> Addresses:
        return addresses(self.account.base_url, f"{self.exchange.base}/via/{self.connection}")

    @property
    def seal(self) -> Seal:
        return Seal(self.exchange.services.paging_key, self.exchange.realm.org, self.connection)

    def require(self, type: str, action: str) -> Passable:
        """Of types that this server need not know itself."""
        if not self.exchange.sight.allows(type, action):
            raise Forbidden(f"The token's scopes do not allow this: it needs system/{type}.{action}")
        return passable(self.passing, self.account, type)

    # --- requests -------------------------------------------------------------------------------------------------

    async def read(self, type: str, id: str, params: Params) -> Response:
        check_interaction(self.passing, self.require(type, "r"), type, Interaction.READ)
        if strange := sorted({name for name, _ in params}):
            raise NotSupported(f"A read takes no parameters here: leave out {', '.join(strange)[:200]}", *strange)
        path, request = f"/{type}/{_checked(id)}", self.exchange.request
        if type == BINARY:
            accept = check_raw(request, self.exchange.sight) or FHIR_JSON
            call = self.passing.passing(self.account, type, path, (), accept)
            return await self._binary(call, "" if accept == FHIR_JSON else accept)
        wanted(request)
        async with self._answer(self.passing.passing(self.account, type, path, (), FHIR_JSON)) as answer:
            _check_json(answer)
            reply = await answer.whole(MOST)
            await answer.close()
        return self._resource(type, reply)

    async def search(self, type: str, params: Params) -> Response:
        found = self.require(type, "s")
        check_interaction(self.passing, found, type, Interaction.SEARCH)
        asked = self._opened(type, params)
        if asked is None:
            check_search(self.passing, found, type, params)
        return await self._bundle(type, type, asked or params, found.takes, searched=type)

    async def operate(self, type: str, id: str, operation: str, params: Params) -> Response:
        check_operation(self.passing, self.require(type, "r"), type, operation)
        path = f"{type}/{_checked(id)}/${operation}"
        asked = self._opened(path, params)
        if asked is None and params:
            names = sorted({name for name, _ in params})
            raise NotSupported(f"${operation} takes no parameters here: leave out {', '.join(names)[:200]}", *names)
        return await self._bundle(type, path, asked or params, lambda name, value: False)

    async def turn(self, params: Params) -> Response:
        """A page whose link leads to the base itself. The seal is of a search that this EMR answered before."""
        asked = self._opened("", params)
        if asked is None:
            raise NotSupported(f"{self.passing.title} has no search of all types here; search one of its types")
        self.require("Patient", "s")
        return await self._bundle("Patient", "", asked, lambda name, value: False)

    def _opened(self, path: str, params: Params) -> Params | None:
        """The parameters of a page link of ours; None where this is none."""
        token = dict(params).get(PAGE)
        if token is None:
            return None
        asked = [(name, value) for name, value in params if name != PAGE]
        if not self.seal.opens(path, asked, token):
            raise NotSupported("This page link is none that the EMR gave; start from the first page", PAGE)
        return asked

    # --- answers --------------------------------------------------------------------------------------------------

    async def _bundle(
        self, type: str, path: str, params: Params, takes: Callable[[str, str], bool], searched: str | None = None
    ) -> Response:
        links = Links(self.addresses, self.seal, path, params, takes)
        theirs = tuple((name, self.addresses.to_theirs(value)) for name, value in params)
        call = self.passing.passing(
            self.account, type, f"/{path}" if path else self.account.base_url, theirs, FHIR_JSON
        )
        async with self._answer(call) as answer:
            _check_json(answer)
            return await self._passage(answer, SeenBundle(self.exchange.sight, searched, links).passed)

    async def _binary(self, call: Call, accept: str) -> Response:
        async with self._answer(call) as answer:
            if accept:
                headers = raw_headers(answer, accept)
                pieces = answer.pieces()
                return Passage(answer, await begun(pieces), pieces, headers, answer.headers["content-type"])
            _check_json(answer)
            seen = SeenBinary(self.exchange.sight, self.addresses)
            return await self._passage(answer, seen.passed, _validators(answer.headers))

    async def _passage(self, answer: Streamed, seen: Rest, headers: Mapping[str, str] | None = None) -> Response:
        body = seen(answer.pieces())
        first = await begun(body)
        if wanted(self.exchange.request) is PLAIN:
            return Passage(answer, first, body, headers or {}, CONTENT_TYPE)
        whole = await collected(first, body)
        await answer.close()
        return Response(whole, 200, headers, CONTENT_TYPE)

    def _resource(self, type: str, reply: Reply) -> Response:
        if type_of(reply.body) != type:
            raise EmrNonsense(f"{self.passing.title} answered the reading of a {type} with something else")
        if not sees(self.exchange.sight, None, reply.body):
            raise NotFound("There is no resource with this type and id")
        headers = _validators(reply.headers)
        if self._is_known(headers):
            return Response(status_code=304, headers=headers)
        return Response(self.addresses.to_ours(reply.body), 200, headers, CONTENT_TYPE)

    def _is_known(self, headers: Mapping[str, str]) -> bool:
        """Whether the client has this version (RFC 9110, 13.2.2): asked here, since who may see it is decided here."""
        asked = self.exchange.request.headers
        if (tags := asked.get("if-none-match")) is not None:
            known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            return "etag" in headers and ("*" in known or headers["etag"].removeprefix("W/") in known)
        try:
            return parsedate_to_datetime(headers["last-modified"]) <= parsedate_to_datetime(asked["if-modified-since"])
        except (KeyError, ValueError, TypeError):
            return False

    @asynccontextmanager
    async def _answer(self, call: Call) -> AsyncIterator[Streamed]:
        """Of status 200, closed where it is not passed on; raises the EMR's refusal as an answer of ours."""
        answer = await self.runner.opened(call)
        try:
            if answer.status != 200:
                self._refuse(await answer.whole(REFUSAL))
            yield answer
        except BaseException:
            await answer.close()
            raise

    def _refuse(self, reply: Reply) -> None:
        if 400 <= reply.status < 500 and reply.status not in NOT_THEIRS and _is_outcome(reply):
            raise Refused(reply.status, self.addresses.to_ours(reply.body))
        if reply.status < 400:
            raise EmrNonsense(f"{self.passing.title} answered {reply.status}, which is no answer to a read or search")
        raise self.translator.fault(reply)


class Refused(Exception):
    """The EMR refused in FHIR's words."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    def response(self) -> Response:
        return Response(self.body, self.status, media_type=CONTENT_TYPE)


def asked_params(params: Params) -> Params:
    """Without those that are about the form of the answer."""
    return [(name, value) for name, value in params if name not in OURS]


def _checked(id: str) -> str:
    if not ID.fullmatch(id) or not id.strip(".") or id in NO_IDS:
        raise NotFound("There is no resource with this type and id")
    return id


def _check_json(answer: Streamed) -> None:
    type = media_type(answer.headers.get("content-type", ""))
    if MEDIA_TYPES.get(type) is not Format.JSON:
        raise EmrNonsense("The EMR answered with something else than FHIR JSON; a web page, perhaps")


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in VALIDATORS if name in headers}


def _is_outcome(reply: Reply) -> bool:
    try:
        return type_of(reply.body) == OUTCOME
    except EmrFault:
        return False
