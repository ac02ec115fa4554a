"""When a request is sent again: by the time that may be spent on it, not by a count.

azure-core repeats a 429 only where Azure names a delay or the verb is "safe", three times, and obeys any
delay: Compute's `Retry-After: 1200` would hang a run for an hour without a word. A 429 says that nothing
was done, so here it is repeated for every verb, within `patience` seconds of waiting for one request;
whoever needs longer gets `Throttled` with its `retry_after` and decides. What may have been done (a lost
answer, a 5xx) is repeated only where doing it twice is the same as once: GET, PUT, DELETE, HEAD; PATCH,
because the factory's set values; a POST that only reads. The POSTs that change something are repeated by
`asking.py`, after a look. A token that is refused before its time is renewed, once.
"""

import ssl
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import AsyncRetryPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from factory.clock import Clock

PATIENCE = 180.0
"""Seconds that the retries of one request may wait in all."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_WAITED, _RENEWED = "factory_waited", "factory_renewed"

CHANGING_ACTIONS = frozenset(
    {
        "beginGetAccess",
        "capture",
        "deallocate",
        "endGetAccess",
        "generalize",
        "powerOff",
        "redeploy",
        "restart",
        "runCommand",
        "start",
    }
)
"""POSTs that are never repeated unseen."""


class PatientRetry(AsyncRetryPolicy[HttpRequest, AsyncHttpResponse]):
    """azure-core's retries on the factory's clock, with 429 for every verb and a bound on the waiting."""

    def __init__(
        self,
        clock: Clock,
        patience: float = PATIENCE,
        *,
        renew: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(retry_total=30, retry_status=30, retry_connect=5, retry_read=5)
        self._clock, self._patience, self._renew = clock, patience, renew

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Tell whether the answer is worth another try, and the wait for it within our patience."""
        if self._renew is not None and _is_refused_token(response) and _RENEWED not in settings:
            return True
        throttled = response.http_response.status_code == 429 and settings["total"] > 0
        if not throttled and not super().is_retry(settings, response):
            return False
        return bool(settings.get(_WAITED, 0.0) + self._pause(settings, response) <= self._patience)

    def _is_method_retryable(  # Any: azure-core's two generations of request classes
        self, settings: dict[str, Any], request: Any, response: Any = None
    ) -> bool:
        """Tell whether doing it twice is the same as once."""
        if request.method == "POST":
            return urlsplit(request.url).path.rpartition("/")[2] not in CHANGING_ACTIONS
        return True

    def increment(
        self, settings: dict[str, Any], response: Any = None, error: Exception | None = None
    ) -> bool:
        """Count a try; an answer whose certificate is not trusted will not be trusted in a second either."""
        if _is_certificate_error(error):
            return False
        return bool(super().increment(settings, response, error))

    async def sleep(
        self,
        settings: dict[str, Any],
        transport: Any,
        response: PipelineResponse[Any, Any] | None = None,
    ) -> None:
        """Wait on our clock as long as Azure says, or twice as long as the last time."""
        if response is not None and self._renew is not None and _is_refused_token(response):
            settings[_RENEWED] = True
            await self._renew()
            return
        pause = self._pause(settings, response)
        settings[_WAITED] = settings.get(_WAITED, 0.0) + pause
        await self._clock.sleep(pause)

    def _pause(self, settings: dict[str, Any], response: PipelineResponse[Any, Any] | None) -> float:
        asked = self.get_retry_after(response) if response else None
        if asked:
            return float(asked)
        return float(min(_FIRST_PAUSE * 2 ** len(settings["history"]), _LONGEST_PAUSE))


def _is_refused_token(response: PipelineResponse[Any, Any]) -> bool:
    """Tell by the challenge: the body is not read yet."""
    answer = response.http_response
    return answer.status_code == 401 and "invalid_token" in answer.headers.get("WWW-Authenticate", "")


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
