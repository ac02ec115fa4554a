"""Ask for what must not be asked for twice unseen: where the answer is lost, look before asking again.

A POST that changes something (deallocate, generalize) may have been carried out although its answer never
came, or came as a 5xx. Sending it again unseen meets its own operation as "another operation is in progress",
or changes what another step has changed since. So whoever asks says how to see that it is done.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from factory.azure.client import Azure
from factory.errors import AzureUnreachable, Busy, ServiceFailed

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.5, 15.0, 2.0


async def ask(
    azure: Azure,
    send: Callable[[], Awaitable[T]],
    is_done: Callable[[], Awaitable[bool]],
    *,
    deadline: timedelta,
) -> T | None:
    """Send it and return the answer; `None` where the answer was lost and a look shows that it is done.

    While a look shows that it is not, it is sent again, ever slower, until the deadline; then the last
    failure is raised. `Busy` is such a failure once an answer was lost: it is then our own operation.
    """
    ends = azure.clock.monotonic() + deadline.total_seconds()
    pause, lost = FIRST_PAUSE, False
    while True:
        try:
            return await send()
        except (AzureUnreachable, ServiceFailed, Busy) as error:
            if isinstance(error, Busy) and not lost:
                raise
            lost = True
            if await is_done():
                return None
            if azure.clock.monotonic() + pause > ends:
                raise
        await azure.clock.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
