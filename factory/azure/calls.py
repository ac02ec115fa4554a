"""What went over the wire: one record for each HTTP request, and what Azure says is left of its rate limits.

Records hold method and path, never query, headers or body: a query can carry a signature, a body a password.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError as SdkError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from factory.clock import Clock

_log = logging.getLogger("factory.azure")

_RESOURCE_LIMITS = "x-ms-ratelimit-remaining-resource"
_OTHER_LIMITS = "x-ms-ratelimit-remaining-"


@dataclass(frozen=True)
class Call:
    """One HTTP request. `status` is `None` where no answer came; then `error` names the failure."""

    method: str
    path: str
    status: int | None
    seconds: float
    client_request_id: str | None = None
    request_id: str | None = None
    error: str | None = None


@dataclass
class Limits:
    """What Azure last said of its limits, and how often it refused. Shared by all runs of a subscription.

    `remaining` maps `Microsoft.Compute/UpdateVM3Min` or `subscription-writes` to the number of calls left.
    """

    remaining: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    throttled: int = 0
    clock_ahead: timedelta | None = None
    """How far this computer's clock is ahead of Azure's, by the last answer's `Date`: to the second."""

    def read(self, status: int, headers: dict[str, str], now: datetime) -> None:
        """Take in one answer, got now; header names in lower case."""
        self.throttled += status == 429
        if date := headers.get("date"):
            with contextlib.suppress(ValueError):  # a proxy's idea of a date
                self.clock_ahead = now - parsedate_to_datetime(date)
        for name, value in headers.items():
            if name == _RESOURCE_LIMITS:
                self._read_pairs(value)
            elif name.startswith(_OTHER_LIMITS) and value.isdigit():
                self.remaining[name.removeprefix(_OTHER_LIMITS)] = int(value)

    def _read_pairs(self, value: str) -> None:
        """Read `Microsoft.Compute/UpdateVM3Min;238,Microsoft.Compute/UpdateVM30Min;1198`."""
        for pair in value.split(","):
            name, _, left = pair.strip().rpartition(";")
            if name and left.isdigit():
                self.remaining[name] = int(left)


class CallRecorder(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Records every request as it leaves, retries included: it sits behind the retry policy."""

    def __init__(self, limits: Limits, clock: Clock, on_call: Callable[[Call], None] | None = None) -> None:
        super().__init__()
        self._limits, self._clock, self._on_call = limits, clock, on_call

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Send on, and record what became of it."""
        started = time.monotonic()
        self._limits.calls += 1
        try:
            response = await self.next.send(request)
        except SdkError as error:
            self._record(request.http_request, None, time.monotonic() - started, type(error).__name__)
            raise
        headers = {name.lower(): value for name, value in response.http_response.headers.items()}
        self._limits.read(response.http_response.status_code, headers, self._clock.now())
        self._record(
            request.http_request,
            response.http_response.status_code,
            time.monotonic() - started,
            request_id=headers.get("x-ms-request-id"),
        )
        return response

    def _record(
        self,
        request: HttpRequest,
        status: int | None,
        seconds: float,
        error: str | None = None,
        request_id: str | None = None,
    ) -> None:
        call = Call(
            method=request.method,
            path=urlsplit(request.url).path,
            status=status,
            seconds=seconds,
            client_request_id=request.headers.get("x-ms-client-request-id"),
            request_id=request_id,
            error=error,
        )
        _log.debug("%s %s -> %s in %.3f s", call.method, call.path, call.status or call.error, call.seconds)
        if self._on_call:
            self._on_call(call)
