"""All machines of one local Azure: `python -m localazure.guests.model.yard STATE`.

A process of its own, so that machines do not end with the server that started them. It ends when it is told
to, when its state directory goes away, and when it has had nothing to run for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localazure.guests.base import GuestError
from localazure.guests.disturbances import Disturbance
from localazure.guests.fabric.journal import write_atomically
from localazure.guests.model import calls
from localazure.guests.model.nursery import Nursery
from localazure.guests.namespace.machines import start_time
from localazure.guests.namespace.messages import rules_from

if TYPE_CHECKING:
    from localazure.guests.model.machine import Machine

FILE = "yard.json"
_LOOK_SECONDS = 2.0
_IDLE_SECONDS = 60.0
_ORPHAN_SECONDS = 900.0
"""Machines outlive their server, so that another finds them; but not one that nobody starts again."""


class Yard:
    """Runs machines for whoever asks over the socket."""

    def __init__(self, state: Path, nursery: Nursery) -> None:
        self._state, self._nursery = state, nursery
        self.directory = state / "model"
        self._machines: dict[str, Machine] = {}
        self._over = asyncio.Event()
        self._last = time.monotonic()

    async def run(self) -> None:
        """Serve until there is nothing left to serve for."""
        server = await asyncio.start_unix_server(
            self._converse, sock=calls.listen(self.directory), limit=calls.LIMIT
        )
        pid = os.getpid()
        write_atomically(self.directory / FILE, json.dumps({"pid": pid, "started": start_time(pid)}))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._over.set)
        watching = asyncio.create_task(self._watch())
        await self._over.wait()
        watching.cancel()
        server.close()
        await self._kill_all()

    async def _watch(self) -> None:
        while (self.directory / FILE).exists():
            if self._served():
                self._last = time.monotonic()
            idle = time.monotonic() - self._last
            if idle > (_ORPHAN_SECONDS if self._machines else _IDLE_SECONDS):
                break
            await asyncio.sleep(_LOOK_SECONDS)
        self._over.set()

    def _served(self) -> bool:
        """Some server is there whose machines these are, and there are any."""
        try:
            server = json.loads((self._state / "server.json").read_text())["pid"]
        except (OSError, ValueError, KeyError):
            return False
        return bool(self._machines) and start_time(server) is not None

    async def _kill_all(self) -> None:
        machines = list(self._machines.values())
        for machine in machines:
            machine.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(machine.over.wait() for machine in machines)), 10)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._last = time.monotonic()
        try:
            request = json.loads(await reader.readline() or b'{"op": ""}')

            async def reply(answer: dict[str, Any]) -> None:
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()

            if request["op"] == "freeze":
                await self._hold_still(request["machines"], reader, reply)
            else:
                await reply(await self._answer(request))
        except Exception as error:
            text = str(error)
            if not isinstance(error, GuestError):
                traceback.print_exc()
                text = f"{type(error).__name__}: {error}"
            with contextlib.suppress(OSError):
                writer.write(json.dumps({"error": text}).encode() + b"\n")
        finally:
            writer.close()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        operation = request["op"]
        if operation == "shutdown":
            await self._kill_all()
            asyncio.get_running_loop().call_later(0.01, self._over.set)
            return {}
        if operation == "start":
            return await self._start(request["order"])
        machine = self._machines.get(request["machine"])
        if machine is None:
            raise GuestError(f"{request['machine']} is not running")
        if operation == "power":
            return await self._power(machine, request["how"], request["deadline"])
        if operation == "kill":
            machine.kill()
            await machine.over.wait()
        elif operation == "inbound":
            machine.set_inbound(rules_from(request["rules"]))
        elif operation == "extensions":
            await machine.want(request["goals"])
        elif operation == "disturb":
            machine.disturb(Disturbance(**request["disturbance"]))
        else:
            raise GuestError(f"unknown operation {operation!r}")
        return {}

    async def _start(self, fields: dict[str, Any]) -> dict[str, Any]:
        from localazure.guests.model.machine import Machine  # noqa: PLC0415 - asyncssh is slow to load
        from localazure.guests.model.order import Order  # noqa: PLC0415

        order = Order.read(fields)
        name = order.spec.machine_id
        if name in self._machines:
            return {}
        directory = self._state / "machines" / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True, mode=0o700)
        machine = Machine(order, directory, self._nursery, lambda gone: self._forget(name, gone))
        self._machines[name] = machine
        try:
            await machine.power_on()
        except BaseException:
            machine.kill()
            await machine.over.wait()
            raise
        return {"boot": machine.boot}

    def _forget(self, name: str, machine: Machine) -> None:
        if self._machines.get(name) is machine:
            del self._machines[name]

    async def _power(self, machine: Machine, how: str, deadline: float) -> dict[str, Any]:
        turn = machine.turn
        try:
            await machine.inside(op="power", how=how)
            async with asyncio.timeout(deadline):
                await turn.wait()
        except (GuestError, TimeoutError):
            if how == "reboot" and not machine.over.is_set():
                machine.reset()
            else:
                machine.kill()
        await turn.wait()
        return {"boot": machine.boot, "off": machine.over.is_set()}

    async def _hold_still(self, names: list[str], reader: asyncio.StreamReader, reply: Any) -> None:
        """Stop every process of these machines until the server closes the connection or dies."""
        held = []
        try:
            for machine in [self._machines[name] for name in names if name in self._machines]:
                with contextlib.suppress(GuestError):  # it has just ended by itself, and lies still
                    await machine.inside(op="freeze")
                    held.append(machine)
            await reply({})
            await reader.read()
        finally:
            for machine in held:
                with contextlib.suppress(GuestError):
                    await machine.inside(op="thaw")


def _go_into_background() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)


def main() -> int:
    """Run the yard of a state directory."""
    _go_into_background()
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    nursery = Nursery()
    state = Path(sys.argv[1])

    async def live() -> None:
        await Yard(state, nursery).run()

    asyncio.run(live())
    nursery.close()
    with contextlib.suppress(OSError):
        (state / "model" / FILE).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
