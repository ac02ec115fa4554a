"""Blocking calls in daemon threads of their own.

A thread of a shared pool cannot be cancelled, holds its place and keeps the process alive. A thread of its
own is abandoned instead: `abandon` closes what it blocks on, and it ends by the error that this causes.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_own_thread(
    work: Callable[[], T], *, name: str, deadline: float, abandon: Callable[[], None]
) -> T:
    """Run `work` in a daemon thread; at the deadline (seconds) or when cancelled, abandon it.

    Raises TimeoutError at the deadline, else whatever `work` raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where T is None

    def body() -> None:
        result: T | None = None
        problem: BaseException | None = None
        try:
            result = work()
        except BaseException as error:
            problem = error  # raised again where `work` is awaited
        try:
            loop.call_soon_threadsafe(settle, result, problem)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=body, name=name, daemon=True).start()
    try:
        async with asyncio.timeout(deadline):
            return await done
    except (TimeoutError, asyncio.CancelledError):
        abandon()
        raise
