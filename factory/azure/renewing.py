"""A credential that can be made anew, when Azure refuses a token that it should still accept.

azure-identity keeps a token until shortly before the end that the token itself names. A worker whose clock is
late, or whose token was revoked, would send the same refused one until then. No option clears those caches
for every kind of credential; a new credential has none.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential

from factory.clock import Clock

_SHARED_SECONDS = 5.0
"""Requests that are refused together get one new credential together."""


class RenewingCredential:
    """Passes on what it holds; `renew` replaces it by a new one."""

    def __init__(self, build: Callable[[], AsyncTokenCredential], clock: Clock) -> None:
        self._build, self._clock = build, clock
        self._inner = build()
        self._renewed: float | None = None
        self._lock = asyncio.Lock()

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Get a token."""
        return await self._inner.get_token(*scopes, **kwargs)

    async def renew(self) -> None:
        """Forget every token by forgetting who keeps it."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._renewed is not None and now - self._renewed < _SHARED_SECONDS:
                return
            old, self._inner, self._renewed = self._inner, self._build(), now
        await old.close()

    async def close(self) -> None:
        """Close what it holds."""
        await self._inner.close()

    async def __aenter__(self) -> "RenewingCredential":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
