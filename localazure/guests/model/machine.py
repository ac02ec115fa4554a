"""One machine that is powered on, seen from the yard: its boots, its doors, and what it reports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError, Rule
from localazure.guests.disturbances import Disturbance
from localazure.guests.fabric.dvd import ovf_environment
from localazure.guests.fabric.journal import write_atomically
from localazure.guests.model.init import receive, say
from localazure.guests.model.nursery import Nursery
from localazure.guests.model.order import Order
from localazure.guests.model.plan import BootPlan
from localazure.guests.model.ssh import Door
from localazure.guests.namespace.machines import start_time

_START_SECONDS = 30.0
_ANSWER_SECONDS = 30.0
_LOOK_FOR_PATH_SECONDS = 0.005
AGENT_VERSION = "2.7.3.0"


class Machine:
    """From power-on to power-off."""

    def __init__(
        self, order: Order, directory: Path, nursery: Nursery, gone: Callable[[Machine], None]
    ) -> None:
        self.order, self.directory = order, directory
        self._nursery, self._gone = nursery, gone
        self.spec = order.spec
        self.boot = 0
        self.init: int | None = None
        self.over = asyncio.Event()
        """It is off, for good."""
        self.turn = asyncio.Event()
        """This boot has ended, and the next one runs or none will."""
        self._ending = "killed"
        self._reset = self._up = False
        self._disturbing: asyncio.Task[None] | None = None
        self._filling: asyncio.Task[None] | None = None
        self._line: socket.socket | None = None
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._exits: dict[int, asyncio.Future[int]] = {}
        self._started: asyncio.Future[None] | None = None
        self._goals: list[dict[str, Any]] = []
        self._report: dict[str, Any] = {"extensions": {}}
        self._door = Door(self, self.spec.address, order.ports)
        self._console = os.open(directory / "serial.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    # Power.

    async def power_on(self) -> None:
        """Boot; returns once the init runs, GuestError when it does not."""
        self._door.open(self.spec.inbound)
        await self._boot()

    async def _boot(self) -> None:
        self.boot += 1
        for key in ("agent_alive", "agent_status", "agent_version", "computer_name"):
            self._report.pop(key, None)
        self._report["extensions"] = {}
        self._write_report()
        self._ending, self._reset, self._up = "killed", False, False
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._line = ours
        loop = asyncio.get_running_loop()
        self._started = loop.create_future()
        loop.add_reader(ours.fileno(), self._heed, ours)
        with theirs:
            self._nursery.bear(self._plan(), theirs, self._console)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._started
        except TimeoutError:
            self.kill()
            raise GuestError(f"{self.spec.name} did not start in {_START_SECONDS:.0f} s") from None
        self._status("running")
        if self._goals:
            await self.want(self._goals)

    def _plan(self) -> BootPlan:
        profile = self.spec.provisioning
        provisioned = self._report.get("provisioning") == "Ready"
        return BootPlan(
            machine_id=self.spec.machine_id,
            name=self.spec.name,
            address=self.spec.address,
            boot=self.boot,
            boot_id=str(uuid.uuid4()),
            image=self.order.image,
            directory=self.order.directory,
            disks=self.order.disks,
            dvd=ovf_environment(profile) if profile and not provisioned else None,
            node=self.order.node,
            owner=self.order.owner,
        )

    def kill(self) -> None:
        """Pull the plug."""
        if self.init is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init, signal.SIGKILL)
        elif self._line is not None:
            self._lost(self._line)
        else:
            self._end()

    def reset(self) -> None:
        """Press the reset button: it boots again."""
        self._reset = True
        self.kill()

    # What it says.

    def _heed(self, line: socket.socket) -> None:
        try:
            message, descriptors = receive(line, 4)
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        for descriptor in descriptors:
            os.close(descriptor)
        if not message:
            self._lost(line)
            return
        said = json.loads(message)
        if "re" in said:
            future = self._answers.pop(said["re"], None)
            if future and not future.done():
                future.set_result(said)
            return
        getattr(self, f"_on_{said['event']}")(said)

    def _on_born(self, said: dict[str, Any]) -> None:
        self.init = said["pid"]
        self._settle()

    def _on_pid(self, _said: dict[str, Any]) -> None:
        """It is behind its walls."""

    def _on_running(self, _said: dict[str, Any]) -> None:
        self._up = True
        self._settle()

    def _settle(self) -> None:
        """It has started when it says so and we know its process: on a busy computer either comes first."""
        if self._up and self.init is not None and self._started and not self._started.done():
            self._started.set_result(None)

    def _on_failed(self, said: dict[str, Any]) -> None:
        if self._started and not self._started.done():
            self._started.set_exception(GuestError(f"{self.spec.name} did not start: {said['why']}"))

    def _on_ended(self, said: dict[str, Any]) -> None:
        self._ending = said["how"]

    def _on_exit(self, said: dict[str, Any]) -> None:
        future = self._exits.pop(said["id"], None)
        if future and not future.done():
            future.set_result(said["status"])

    def _on_health(self, said: dict[str, Any]) -> None:
        if self._report.get("provisioning") != "Ready":
            detail = ": ".join(part for part in (said["substatus"], said["description"]) if part)
            self._report["provisioning"] = said["state"]
            self._report["provisioning_detail"] = "" if said["state"] == "Ready" else detail
        self._write_report()

    def _on_agent(self, said: dict[str, Any]) -> None:
        self._report["agent_alive"], self._report["agent_seen"] = said["alive"], time.time()
        if said["alive"]:
            self._report |= {"agent_status": "Ready", "agent_version": AGENT_VERSION}
            self._report |= {key: said[key] for key in ("os_name", "os_version")}
            self._report["computer_name"] = said["computer"]
        self._write_report()

    def _on_extension(self, said: dict[str, Any]) -> None:
        result = said["result"]
        self._report["extensions"][said["name"]] = {
            "name": said["name"],
            "handler": said["handler"],
            "version": said["version"],
            "handler_status": "Ready",
            "sequence": said["sequence"],
            "status": said["status"],
            "code": said["code"],
            "operation": "Enable",
            "message": json.dumps(result),
            "execution_state": result["executionState"],
            "exit_code": result.get("exitCode"),
            "stdout": result.get("output", ""),
            "stderr": result.get("error", ""),
            "started": result.get("startTime"),
            "ended": result.get("endTime"),
        }
        self._write_report()

    def _write_report(self) -> None:
        write_atomically(self.directory / "report.json", json.dumps(self._report))

    def _lost(self, line: socket.socket) -> None:
        """The first process is gone: it was shut down, killed, or fell over."""
        asyncio.get_running_loop().remove_reader(line.fileno())
        line.close()
        self._line = None
        lost = GuestError(f"{self.spec.name} is off")
        waiting: list[asyncio.Future[Any]] = [*self._answers.values(), *self._exits.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(lost)
                future.exception()  # whoever waited may be gone
        self._answers.clear()
        self._exits.clear()
        if self._started and not self._started.done():
            self._started.set_exception(GuestError(f"{self.spec.name} did not start: its init died"))
        self._door.cut()
        self._report["agent_alive"] = False
        asyncio.get_running_loop().create_task(self._afterwards())

    async def _afterwards(self) -> None:
        pid, self.init = self.init, None
        while pid is not None and start_time(pid) is not None:  # noqa: ASYNC110 - we are not its parent
            await asyncio.sleep(0.002)
        if (self._ending == "reboot" or self._reset) and not self.over.is_set():
            turn, self.turn = self.turn, asyncio.Event()
            with contextlib.suppress(GuestError):
                await self._boot()
                turn.set()
                return
            turn.set()
        self._end()

    def _end(self) -> None:
        if not self.over.is_set():
            self._door.close()
            if self._disturbing:
                self._disturbing.cancel()
            os.write(self._console, f"the machine is off ({self._ending})\r\n".encode())
            os.close(self._console)
            self._write_report()
            self._status("off")
            self.over.set()
            self.turn.set()
            self._gone(self)

    def _status(self, state: str) -> None:
        born = start_time(self.init) if self.init else None
        document = {"state": state, "boot": self.boot, "init": self.init, "born": born, "time": time.time()}
        document |= {
            "os_disk": self.spec.os_disk,
            "data_disks": [disk.content for disk in self.spec.data_disks],
            "address": self.spec.address,
        }
        write_atomically(self.directory / "status.json", json.dumps(document))

    # What is asked of it.

    async def inside(self, descriptors: Sequence[int] = (), **request: Any) -> dict[str, Any]:
        """Ask the first process for something."""
        if self._line is None:
            raise GuestError(f"{self.spec.name} is off")
        self._number += 1
        number = self._number
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            say(self._line, descriptors, id=number, **request)
            async with asyncio.timeout(_ANSWER_SECONDS):
                said: dict[str, Any] = await answer
        except (OSError, TimeoutError) as error:
            raise GuestError(f"{self.spec.name} does not answer: {error!r}") from error
        finally:
            self._answers.pop(number, None)
        if "error" in said:
            raise GuestError(said["error"])
        return said

    async def execute(
        self,
        argv: Sequence[str],
        environment: dict[str, str],
        directory: str,
        streams: Sequence[int],
        *,
        terminal: bool = False,
    ) -> asyncio.Future[int]:
        """Start a process inside; what comes back is done when it ends, with its status."""
        number = self._number + 1
        ended = self._exits[number] = asyncio.get_running_loop().create_future()
        request = {"argv": list(argv), "env": environment, "cwd": directory, "terminal": terminal}
        try:
            await self.inside(streams, op="exec", **request)
        except GuestError:
            self._exits.pop(number, None)
            raise
        return ended

    async def want(self, goals: list[dict[str, Any]]) -> None:
        """Give it a new goal state."""
        self._goals = goals
        with os.fdopen(os.memfd_create("goals"), "wb") as file:  # they may hold secrets: never on a disk
            file.write(json.dumps(goals).encode())
            file.flush()
            await self.inside([file.fileno()], op="goals")

    def set_inbound(self, rules: tuple[Rule, ...]) -> None:
        """Put other rules in force."""
        self._door.set_rules(rules)

    def disturb(self, wanted: Disturbance) -> None:
        """Have something go wrong at its moment."""
        effect = {"die": self.kill, "fill": self._fill}.get(wanted.effect, _nothing_more)
        if wanted.after_bytes is not None:
            self._door.disturb(wanted, effect)
        else:
            self._disturbing = asyncio.get_running_loop().create_task(self._disturb_later(wanted, effect))

    async def _disturb_later(self, wanted: Disturbance, effect: Callable[[], None]) -> None:
        if wanted.path_gone is not None:
            for there in (True, False):
                while await self._has(wanted.path_gone) != there:  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(_LOOK_FOR_PATH_SECONDS)
        await asyncio.sleep(wanted.seconds)
        effect()

    def _fill(self) -> None:
        self._filling = asyncio.get_running_loop().create_task(self._fill_disk())

    async def _fill_disk(self) -> None:
        try:
            await self.inside(op="fill")
        except GuestError as error:
            os.write(self._console, f"the disk could not be filled: {error}\r\n".encode())

    async def _has(self, path: str) -> bool:
        with contextlib.suppress(GuestError):  # between two boots there is nothing
            return bool((await self.inside(op="exists", path=path))["exists"])
        return False


def _nothing_more() -> None:
    """The connection is cut, and that is all."""
