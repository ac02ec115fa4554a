"""The application: a request becomes a `Call`, passes the gates, meets its route, and is logged."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass
from email.utils import format_datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from localazure.arm import gate
from localazure.arm.calls import Call, current_call
from localazure.arm.errors import ArmError, method_not_allowed
from localazure.arm.ids import ResourceId
from localazure.arm.limits import Limits
from localazure.arm.routing import Match, Router
from localazure.arm.wire import failure
from localazure.arm.world import World
from localazure.identity.models import Authority
from localazure.requestlog import RequestLog
from localazure.resources.catalogue import unrouted

log = logging.getLogger("localazure")

_METHODS = frozenset({"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"})


@dataclass
class Application:
    """An ASGI application over one world; `plain` is the managed identity's port."""

    world: World
    requests: RequestLog
    router: Router
    limits: Limits
    plain: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        began = time.monotonic()
        try:
            call = await self._call(request)
        except ClientDisconnect:
            return
        match = self.router.match(call.method, call.url_path, plain=self.plain)
        error: ArmError | None = None
        try:
            response = await self._answer(call, match)
        except ArmError as refusal:
            error, response = refusal, failure(refusal)
        except Exception:
            log.exception("%s %s broke", call.method, call.url_path)
            error = ArmError(
                500, "InternalServerError", "The server met an unexpected condition; see its log."
            )
            response = failure(error)
        self._add_headers(call, response, began)
        seconds = time.monotonic() - began
        self.requests.write(call, match, response, error.code if error else None, seconds)
        await response(scope, receive, send)

    async def _call(self, request: Request) -> Call:
        headers = {name.lower(): value for name, value in request.headers.items()}
        base = f"{request.url.scheme}://{headers.get('host', '')}"
        return Call(
            world=self.world,
            method=request.method,
            url_path=request.scope["raw_path"].decode("ascii").partition("?")[0],
            canonical="",
            path={},
            query=dict(request.query_params),
            headers=headers,
            body=await request.body(),
            base=base,
        )

    async def _answer(self, call: Call, match: Match | None) -> Response:
        if match is not None:
            call.path, call.canonical = match.path, match.canonical
            if match.route.public:
                return await self._served_openly(call, match)
        call.caller = self.world.part(Authority).check(call.headers.get("authorization"), call.base)
        if call.method not in _METHODS:
            raise method_not_allowed(call.method)
        call.api_version = gate.read_api_version(call.query.get("api-version"))
        token = current_call.set(call)
        try:
            return await self._served(call, match)
        except ArmError as error:
            if error.status == 501 and match is not None:
                self.world.count_missing(f"{match.route.label}: {error.message}")
            raise
        finally:
            current_call.reset(token)

    async def _served(self, call: Call, match: Match | None) -> Response:
        if (early := self.world.interference.before(call, match)) is not None:
            return early
        if match is None:
            raise self._unrouted(call)
        gate.check_scope(call, match)
        try:
            response = await match.route.endpoint(call)
        except ArmError as error:
            if not call.faults:
                raise
            response = failure(error)
        return self.world.interference.after(call, response)

    async def _served_openly(self, call: Call, match: Match) -> Response:
        """Without a token: what an access signature opens can be interfered with, the rest is not Azure's."""
        if "sig" in call.query and (early := self.world.interference.before(call, match)) is not None:
            return early
        return self.world.interference.after(call, await match.route.endpoint(call))

    def _unrouted(self, call: Call) -> ArmError:
        """What nothing here answers: as Azure when Azure would not know it either, otherwise 501, counted."""
        parts = call.url_path.strip("/").split("/")
        if parts[0].lower() == "subscriptions" and len(parts) > 1:
            gate.check_subscription(self.world, parts[1])
        error, shape = unrouted(call.method, call.url_path, call.api_version)
        if error.status == 501:
            self.world.count_missing(shape)
        return error

    def _add_headers(self, call: Call, response: Response, began: float) -> None:
        """The headers of every answer.

        Azure also sends Strict-Transport-Security; on `localhost` a browser would then force HTTPS on every
        other port of this computer, so we do not.
        """
        headers, now = response.headers, self.world.clock.now()
        correlation = call.headers.get("x-ms-correlation-request-id") or str(uuid.uuid4())
        routing = f"{'LOCAL'}:{now:%Y%m%dT%H%M%SZ}:{correlation}"
        headers["x-ms-request-id"] = str(uuid.uuid4())
        headers["x-ms-correlation-request-id"] = correlation
        headers["x-ms-routing-request-id"] = routing
        headers["Date"] = format_datetime(now, usegmt=True)
        for name, value in (("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("Expires", "-1")):
            headers.setdefault(name, value)
        headers["X-Content-Type-Options"] = "nosniff"
        if call.headers.get("x-ms-return-client-request-id", "").lower() == "true":
            headers["x-ms-client-request-id"] = call.headers.get("x-ms-client-request-id", "")
        if call.api_version and response.status_code not in (401, 405):
            for name, value in self.limits.headers(call.method, _limited(call), began).items():
                headers.setdefault(name, value)


def _limited(call: Call) -> ResourceId | None:
    text = call.canonical or call.url_path
    for candidate in (text, text.rsplit("/", 1)[0]):
        try:
            return ResourceId.parse(candidate.rstrip("/"))
        except ValueError:
            continue
    return None
