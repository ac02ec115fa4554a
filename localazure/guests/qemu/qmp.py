"""QEMU's own control protocol: commands in, answers and events out, one JSON document a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError

Event = dict[str, Any]
_ANSWER_SECONDS = 60.0
_LONGEST_LINE = 1 << 20


class Monitor:
    """A connection to one QEMU."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_event: Callable[[Event], None]
    ) -> None:
        self._reader, self._writer, self._on_event = reader, writer, on_event
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._task = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def connect(cls, path: Path, on_event: Callable[[Event], None], deadline: float = 30.0) -> Monitor:
        """Connect as soon as QEMU listens."""
        async with asyncio.timeout(deadline):
            while True:
                try:
                    reader, writer = await asyncio.open_unix_connection(str(path), limit=_LONGEST_LINE)
                    break
                except (FileNotFoundError, ConnectionRefusedError):
                    await asyncio.sleep(0.02)  # QEMU tells nobody when it listens
            await reader.readline()  # the greeting
        monitor = cls(reader, writer, on_event)
        await monitor.ask("qmp_capabilities")
        return monitor

    async def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await self._reader.readline():
                document = json.loads(line)
                if "event" in document:
                    self._on_event(document)
                elif (waiting := self._waiting.pop(document.get("id", -1), None)) and not waiting.done():
                    waiting.set_result(document)
        for left in self._waiting.values():
            if not left.done():
                left.set_result({"error": {"desc": "QEMU has ended"}})
        self._waiting.clear()

    async def ask(self, command: str, **arguments: Any) -> Any:
        """Run a command; GuestError in QEMU's words when it refuses."""
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        if self._task.done():
            raise GuestError(f"{command}: QEMU has ended")
        self._waiting[number] = answer
        document = {"execute": command, "id": number, "arguments": arguments}
        try:
            self._writer.write(json.dumps(document).encode() + b"\n")
            await self._writer.drain()
            result = await asyncio.wait_for(answer, _ANSWER_SECONDS)
        except (OSError, TimeoutError) as error:
            raise GuestError(f"{command}: QEMU does not answer: {error!r}") from error
        finally:
            self._waiting.pop(number, None)
        if "error" in result:
            raise GuestError(f"{command}: {result['error'].get('desc')}")
        return result["return"]

    def close(self) -> None:
        """Let the connection go."""
        self._task.cancel()
        self._writer.close()
