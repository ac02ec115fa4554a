"""Waiting for Azure's long-running operations: the one place.

The SDK's poller has no deadline, looks every 30 seconds, and gives up at the first broken connection. This
one ends by its deadline with the last state seen, looks after 1 s and then ever slower up to 15 s (or
exactly when the service says: `Retry-After`, `x-ms-retry-after-ms`), and treats a lost answer, a 5xx or a
429 as "not known yet". A deadline ends the waiting, never the operation: `Operation.token` takes it up
again, in another process too.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, TypeVar

from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineResponse
from azure.core.polling import AsyncLROPoller
from azure.mgmt.core.polling.async_arm_polling import AsyncARMPolling

from factory.azure.errors import CANCELED, speaking_of
from factory.clock import Clock
from factory.errors import OperationTimedOut

T = TypeVar("T")
Progress = Callable[[str], None]
"""Is told the last status at every look: "InProgress", "Creating", "InProgress 40 %"."""

FIRST_INTERVAL, LONGEST_INTERVAL, GROWTH = 1.0, 15.0, 1.5
LOOK_TIMEOUT = 30.0
"""Seconds that one look may take before it counts as lost."""

_NOT_KNOWN_YET = frozenset({408, 429, 500, 502, 503, 504})
_LOST_ANSWER = (ServiceRequestError, ServiceResponseError, IncompleteReadError)


class DeadlinePolling(AsyncARMPolling):
    """ARM polling with a deadline, the factory's clock and patience with lost answers."""

    def __init__(self, what: str, clock: Clock, endpoint: str) -> None:
        super().__init__(
            path_format_arguments={"endpoint": endpoint},
            retry_total=0,  # a look that fails is repeated here, where the deadline is known
            read_timeout=LOOK_TIMEOUT,
        )
        self.what = what
        self.last_error: str | None = None
        self._clock = clock
        self._interval = FIRST_INTERVAL
        self._deadline = timedelta(0)
        self._ends = 0.0
        self._progress: Progress | None = None

    def set_deadline(self, deadline: timedelta, progress: Progress | None) -> None:
        """Start the deadline's clock; call it right before `run`."""
        self._deadline, self._progress = deadline, progress
        self._ends = self._clock.monotonic() + deadline.total_seconds()

    async def run(self) -> None:
        """Poll to the end or to the deadline (`OperationTimedOut`)."""
        self._status = _spell(self._status)
        await super().run()

    async def update_status(self) -> None:
        """Look once, and tell."""
        await super().update_status()
        self._status = _spell(self._status)
        if self._progress:
            self._progress(self._status + _percent(self._pipeline_response))

    async def request_status(
        self, status_link: str
    ) -> Any:  # Any: the SDK's own type has unsolved variables here
        """Ask until there is an answer that says something about the operation."""
        while True:
            try:
                response = await super().request_status(status_link)
            except _LOST_ANSWER as error:
                self.last_error = f"{type(error).__name__}: {error}"
            else:
                if response.http_response.status_code not in _NOT_KNOWN_YET:
                    self.last_error = None
                    return response
                self.last_error = f"HTTP status {response.http_response.status_code}"
                self._pipeline_response = response  # its Retry-After counts
            await self._delay()

    async def _delay(self) -> None:
        remaining = self._ends - self._clock.monotonic()
        if remaining <= 0:
            raise OperationTimedOut(
                self.what, self._deadline, self._status, token=self.token(), last_error=self.last_error
            )
        await self._clock.sleep(min(self._extract_delay(), remaining))

    def _extract_delay(self) -> float:
        self._timeout = self._interval  # what the SDK takes where the service names no delay
        self._interval = min(self._interval * GROWTH, LONGEST_INTERVAL)
        return super()._extract_delay()

    def token(self) -> str | None:
        """Return the continuation token; `None` where the first answer holds nothing to go on with."""
        try:
            return self.get_continuation_token()
        except (TypeError, ValueError):
            return None


class Operation(Generic[T]):
    """Something Azure has accepted and is working on.

    `token` can be kept (it names an operation, and is signed by Azure: treat it as confidential) and handed
    to `Azure.begin(..., continuation_token=token)` in another process, which sends no new request to start
    anything.
    """

    def __init__(self, what: str, poller: AsyncLROPoller[T], polling: DeadlinePolling) -> None:
        self.what = what
        self.token = polling.token()
        self._poller = poller
        self._polling = polling

    @property
    def state(self) -> str:
        """The last status seen."""
        return str(self._polling.status())

    async def result(self, deadline: timedelta, progress: Progress | None = None) -> T:
        """Wait for the end and return what the SDK makes of it.

        Raises `OperationTimedOut` at the deadline, `OperationCanceled`, or what Azure's `error.code` stands
        for.
        """
        self._polling.set_deadline(deadline, progress)
        with speaking_of(self.what):
            return await self._poller.result()


def _spell(status: str) -> str:
    """Write a terminal status as the SDK knows it: it would poll "Cancelled" for ever."""
    text = str(status)
    return "Canceled" if text.lower() in CANCELED else text


def _percent(response: PipelineResponse[Any, Any]) -> str:
    """Return " 40 %" where the operation's body says so."""
    body = response.context.get("deserialized_data")
    percent = body.get("percentComplete") if isinstance(body, dict) else None
    return f" {percent:g} %" if isinstance(percent, int | float) else ""
