"""`Azure`: the SDK's clients for one subscription, made here and shared by everything that runs.

Verbs never call an SDK method directly but through `call`, `find`, `collect` and `begin`: these add the
pinned api-version, classify what goes wrong, and hold the waiting. Clients share one connection pool, one
credential, one record of calls and limits, so hundreds of runs in a process cost one of each.
"""

import functools
import os
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast

import aiohttp
from azure.core import AsyncPipelineClient
from azure.core.async_paging import AsyncItemPaged
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.policies import UserAgentPolicy
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpTransport
from azure.core.polling import AsyncLROPoller
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.compute.aio import ComputeManagementClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient
from azure.mgmt.resource.resources.aio.operations import ResourceGroupsOperations, ResourcesOperations

from factory.azure.calls import Call, CallRecorder, Limits
from factory.azure.connection import Connection, build_credential
from factory.azure.errors import speaking_of
from factory.azure.lro import DeadlinePolling, Operation, Progress
from factory.azure.renewing import RenewingCredential
from factory.azure.retry import PatientRetry
from factory.clock import Clock, SystemClock
from factory.errors import InvalidInput, NotFound

P = ParamSpec("P")
T = TypeVar("T")
Transport = AsyncHttpTransport[Any, Any]  # Any: azure-core's two generations of request classes

USER_AGENT = "golden-image-factory/0.1"
_VERSIONED_BY_CLIENT = (ResourceGroupsOperations, ResourcesOperations)
_CONNECT_TIMEOUT, _READ_TIMEOUT = 20, 60


class Azure:
    """The clients for one subscription; use it as an async context manager, which also closes the credential.

    `transport` is the door for tests; `on_call` hears of every HTTP request (`calls.Call`).
    """

    compute: ComputeManagementClient
    resources: ResourceManagementClient

    def __init__(
        self,
        connection: Connection,
        *,
        credential: AsyncTokenCredential | None = None,
        clock: Clock | None = None,
        run_id: str | None = None,
        transport: Transport | None = None,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        self.connection = connection
        self.clock: Clock = clock or SystemClock()
        self.limits = Limits()
        self.user_agent = f"{USER_AGENT} run/{run_id}" if run_id else USER_AGENT
        self._credential = credential
        self._renew: Callable[[], Awaitable[None]] | None = None
        self._transport = transport
        self._on_call = on_call

    async def __aenter__(self) -> Self:
        """Open the connection pool and make the clients; no request is sent yet."""
        if self._credential is None:
            build = functools.partial(build_credential, self.connection, os.environ)
            renewing = RenewingCredential(build, self.clock)
            self._credential, self._renew = renewing, renewing.renew
        self._transport = self._transport or _open_transport(self.connection)
        await self._transport.open()
        self.compute = self._client(ComputeManagementClient)
        self.resources = self._client(
            ResourceManagementClient, api_version=self.connection.api_versions.resources
        )
        self._plain: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncPipelineClient(
            base_url="", transport=self._transport, policies=[*self._policies(), self._recorder()]
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the pool and the credential, the second also where the first fails."""
        try:
            if self._transport:
                await self._transport.close()
        finally:
            if self._credential:
                await self._credential.close()

    async def call(
        self, what: str, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call an SDK method; `what` is the action for the error: "read VM golden-7"."""
        with speaking_of(what):
            return await cast(Callable[..., Awaitable[T]], method)(*args, **self._pinned(method, kwargs))

    async def find(
        self, what: str, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Call an SDK method; `None` where the resource does not exist."""
        try:
            return await self.call(what, method, *args, **kwargs)
        except NotFound:
            return None

    async def collect(
        self, what: str, method: Callable[P, AsyncItemPaged[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Sequence[T]:
        """Read all pages of a listing."""
        with speaking_of(what):
            paged = cast(Callable[..., AsyncItemPaged[T]], method)(*args, **self._pinned(method, kwargs))
            return [item async for item in paged]

    async def begin(
        self,
        what: str,
        method: Callable[P, Awaitable[AsyncLROPoller[T]]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Operation[T]:
        """Start a long-running operation (`begin_…`), or with `continuation_token=` take one up again.

        Resuming needs the same method and resource, sends no request that starts anything, and raises
        `InvalidInput` for a token that cannot be read.
        """
        polling = DeadlinePolling(what, self.clock, self.connection.endpoint)
        start = cast(Callable[..., Awaitable[AsyncLROPoller[T]]], method)
        with speaking_of(what):
            try:
                poller = await start(*args, polling=polling, **self._pinned(method, kwargs))
            except ValueError as error:
                if "continuation_token" not in kwargs:
                    raise
                raise InvalidInput(f"cannot resume to {what}: the token cannot be read: {error}") from error
        return Operation(what, poller, polling)

    async def wait(
        self, operation: Operation[T], *, deadline: timedelta, progress: Progress | None = None
    ) -> T:
        """Wait for an operation; `OperationTimedOut` at the deadline."""
        return await operation.result(deadline, progress)

    async def download(self, what: str, url: str, *, last_bytes: int | None = None) -> bytes:
        """Read a blob by its SAS address: no token is sent along, and the address is never logged."""
        headers = {"Range": f"bytes=-{last_bytes}"} if last_bytes else {}
        with speaking_of(what):
            response = await self._plain.send_request(HttpRequest("GET", url, headers=headers))
            if response.status_code == 416:  # an empty blob has no last bytes
                return b""
            response.raise_for_status()
            return response.content

    def _pinned(self, method: Callable[..., object], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Add the version to a call; the resources SDK alone hears of it from its client."""
        if "api_version" in kwargs or isinstance(getattr(method, "__self__", None), _VERSIONED_BY_CLIENT):
            return kwargs
        return {**kwargs, "api_version": self.connection.api_versions.of(method)}

    def _client(self, kind: Callable[..., T], **options: str) -> T:
        return kind(
            self._credential,
            self.connection.subscription_id,
            self.connection.endpoint,
            credential_scopes=[self.connection.scope],
            transport=self._transport,
            user_agent=self.user_agent,
            retry_policy=PatientRetry(self.clock, renew=self._renew),
            per_retry_policies=[self._recorder()],
            **options,
        )

    def _policies(self) -> list[Any]:  # Any: the SDK's own name for "a policy of either kind"
        return [UserAgentPolicy(user_agent=self.user_agent), PatientRetry(self.clock)]

    def _recorder(self) -> CallRecorder:
        return CallRecorder(self.limits, self.clock, self._on_call)


def _open_transport(connection: Connection) -> Transport:
    """One pool for all clients; the authorities are read once, the SDK would read them per request."""
    trusted = ssl.create_default_context(cafile=str(connection.ca_bundle) if connection.ca_bundle else None)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted, limit=0, limit_per_host=64),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=True,
        auto_decompress=False,
    )
    return cast(
        Transport,
        AioHttpTransport(session=session, connection_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT),
    )
