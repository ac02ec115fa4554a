"""One machine that is powered on: `python -m localazure.guests.namespace.supervisor DIRECTORY`.

The order comes on standard input (see `messages`); then the process goes into the background, so that the
machine does not end with the server that started it. It boots the guest again when it reboots, and ends when
the guest powers itself off, leaving nothing behind but the files in its directory (see `machines`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from localazure.guests import full_disk
from localazure.guests.base import GuestError
from localazure.guests.disturbances import Disturbance
from localazure.guests.fabric.dvd import ovf_environment
from localazure.guests.fabric.facts import Facts
from localazure.guests.fabric.journal import Journal, read_report, write_atomically
from localazure.guests.fabric.service import Fabric
from localazure.guests.namespace import disks, kernel
from localazure.guests.namespace.cgroups import ControlGroup
from localazure.guests.namespace.console import Console
from localazure.guests.namespace.machines import OFF, RUNNING, STARTING, listen_for_control, start_time
from localazure.guests.namespace.messages import Order, goals_from, rules_from
from localazure.guests.namespace.network import GuestNetwork
from localazure.guests.namespace.plan import BootPlan
from localazure.guests.namespace.relay import Relay
from localazure.guests.namespace.rootfs import OVERLAY_OPTIONS

_GRACEFUL_OFF = signal.SIGRTMIN + 4  # systemd(1): poweroff.target
_GRACEFUL_REBOOT = signal.SIGRTMIN + 5  # reboot.target
_ASK_AGAIN_SECONDS = 2.0  # a signal that comes before init listens is lost
_START_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.5
_LOOK_FOR_PATH_SECONDS = 0.02
_CHECKOUT = Path(full_disk.__file__).resolve().parents[2]

Reply = Callable[[dict[str, Any]], Awaitable[None]]


class Supervisor:
    """Owns everything that a running machine consists of."""

    def __init__(self, directory: Path, order: Order) -> None:
        spec = order.spec
        self.directory, self.order = directory, order
        computer = spec.provisioning.computer_name if spec.provisioning else ""
        self.facts = Facts(spec.machine_id, spec.name, spec.address, computer, spec.metadata)
        self.journal = Journal(directory)
        self.group = ControlGroup.of_machine(spec.machine_id)
        self.boot = 0
        self.init: int | None = None
        self._reset = False
        self._asking: asyncio.Task[None] | None = None
        self._disturbing: asyncio.Task[None] | None = None
        self._filling: asyncio.Task[None] | None = None
        self._stack = contextlib.AsyncExitStack()

    def status(self, state: str, why: str = "") -> None:
        """Tell the server how things are."""
        document = {"state": state, "boot": self.boot, "init": self.init, "why": why, "time": time.time()}
        write_atomically(self.directory / "status.json", json.dumps(document))

    async def run(self) -> None:
        """Run the machine from power-on to power-off."""
        why = ""
        try:
            async with self._stack:
                await self._furnish()
                while True:
                    ending = await self._boot()
                    if ending != "reboot" and not self._reset:
                        break
                    self._reset = False
                self.console.note(f"the machine is off ({ending})")
        except Exception as error:
            traceback.print_exc()
            why = str(error)
        finally:
            self.init = None
            self.status(OFF, why)

    async def _furnish(self) -> None:
        """Get everything that lasts from power-on to power-off; what was got is let go in reverse order."""
        spec = self.order.spec
        self.console = Console(self.directory / "serial.log")
        self._stack.callback(self.console.close)
        self.devices, attached = disks.attach(self.order.disks)
        self._stack.push_async_callback(disks.release, attached)
        self.network = GuestNetwork(spec.address, self.facts.mac)
        self._stack.callback(self.network.close)
        self.relay = Relay(spec.address, self.network, self.order.ports)
        self._stack.callback(self.relay.close)
        # Never closed: it has nothing to let go, and waiting for its threads would be felt at each power-off.
        self.fabric = Fabric(self.facts, self.journal, self.network.listen)
        self.group.create()
        self._stack.callback(self.group.remove)
        server = await asyncio.start_unix_server(
            self._converse, sock=listen_for_control(self.directory / "control"), limit=1 << 24
        )
        self._stack.callback(server.close)
        self.relay.open(spec.inbound)

    # One boot.

    def _plan(self, life: int) -> BootPlan:
        order = self.order
        profile = order.spec.provisioning
        self.devices = disks.relabel(self.devices, order.disks)
        provisioned = read_report(self.directory).provisioning == "Ready"
        root = self.directory / "root"
        root.mkdir(exist_ok=True)
        return BootPlan(
            machine_id=order.spec.machine_id,
            layers=order.layers,
            upper=order.upper,
            work=order.work,
            root=str(root),
            group=str(self.group.path),
            network=self.network.descriptor,
            console=self.console.line,
            life=life,
            console_name=self.console.name,
            mac=self.facts.mac,
            devices=self.devices,
            dvd=ovf_environment(profile) if profile and not provisioned else None,
        )

    async def _name_disks(self) -> None:
        """Keep the names of file systems right in the guest's /dev."""
        while self.devices:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            with contextlib.suppress(OSError):  # the guest may have its own ideas of its /dev
                now = disks.relabel(self.devices, self.order.disks)
                if self.init is not None:
                    before, self.devices = self.devices, now
                    disks.rename_in_guest(self.init, before, now)

    async def _boot(self) -> str:
        """Boot once and wait for the end; returns how it ended."""
        self.boot += 1
        self.journal.boot = self.boot
        self.console.note(
            f"boot {self.boot} of a namespace guest: no kernel of its own, but Linux {platform.release()}"
        )
        life, hold = os.pipe2(os.O_CLOEXEC)
        try:
            plan = self._plan(life)
            keeper = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "localazure.guests.namespace.keeper",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=(plan.network, plan.console, plan.life),
                start_new_session=True,
            )
            return await self._follow(keeper, plan)
        finally:
            os.close(life)
            os.close(hold)

    async def _follow(self, keeper: asyncio.subprocess.Process, plan: BootPlan) -> str:
        assert keeper.stdin and keeper.stdout  # noqa: S101 - asked for above
        keeper.stdin.write(plan.to_json().encode())
        keeper.stdin.write_eof()
        async with asyncio.timeout(_START_SECONDS):
            said = json.loads(await keeper.stdout.readline() or '{"failed": "the keeper died"}')
        if "failed" in said:
            await keeper.wait()
            raise GuestError(f"the machine's init did not start: {said['failed']}")
        self.init = said["init"]
        self.status(RUNNING)
        naming = asyncio.get_running_loop().create_task(self._name_disks())
        ended = json.loads(await keeper.stdout.readline() or '{"ended": "killed"}')
        await keeper.wait()
        naming.cancel()
        self.init = None
        if self._asking:
            self._asking.cancel()
            self._asking = None
        await asyncio.to_thread(self.group.create)  # empty, for another boot or to be removed
        return str(ended["ended"])

    # What the server asks.

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline() or "{}")

            async def reply(answer: dict[str, Any]) -> None:
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()

            if request.get("op") == "freeze":
                await self._hold_still(reader, reply)
            else:
                await reply(self._answer(request))
        except Exception as error:
            with contextlib.suppress(OSError):
                writer.write(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode() + b"\n")
        finally:
            writer.close()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        operation = request.get("op")
        if operation == "power_off":
            self._ask_init(_GRACEFUL_OFF)
        elif operation == "reboot":
            self._ask_init(_GRACEFUL_REBOOT)
        elif operation == "kill":
            self.group.kill()
        elif operation == "reset":
            self._reset = True
            self.group.kill()
        elif operation == "disturb":
            self._disturb(Disturbance(**request["disturbance"]))
        elif operation == "inbound":
            self.relay.set_rules(rules_from(request["rules"]))
        elif operation == "extensions":
            return {"incarnation": self.fabric.set_extensions(goals_from(request["goals"]))}
        else:
            return {"error": f"unknown operation {operation!r}"}
        return {}

    def _disturb(self, wanted: Disturbance) -> None:
        """Have something go wrong at its moment."""
        effect = {"die": self.group.kill, "fill": self._fill}.get(wanted.effect, _nothing_more)
        if wanted.after_bytes is not None:
            self.relay.disturb(wanted, effect)
        else:
            self._disturbing = asyncio.get_running_loop().create_task(self._disturb_later(wanted, effect))

    async def _disturb_later(self, wanted: Disturbance, effect: Callable[[], None]) -> None:
        if wanted.path_gone is not None:
            for there in (True, False):
                while self._has(wanted.path_gone) != there:  # noqa: ASYNC110 - the guest tells nobody
                    await asyncio.sleep(_LOOK_FOR_PATH_SECONDS)
        await asyncio.sleep(wanted.seconds)
        effect()

    def _fill(self) -> None:
        self._filling = asyncio.get_running_loop().create_task(self._fill_disk())

    async def _fill_disk(self) -> None:
        """By a process of its own: a mount namespace is entered by whole processes only."""
        command = [sys.executable, "-m", full_disk.__name__, str(self.init), OVERLAY_OPTIONS]
        process = await asyncio.create_subprocess_exec(*command, cwd=_CHECKOUT)
        if status := await process.wait():
            self.console.note(f"the disk could not be filled: exit status {status}")

    def _has(self, path: str) -> bool:
        return os.path.lexists(f"/proc/{self.init}/root{path}")

    def _ask_init(self, what: int) -> None:
        if self._asking:
            self._asking.cancel()
        self._asking = asyncio.get_running_loop().create_task(self._keep_asking(what))

    async def _keep_asking(self, what: int) -> None:
        while self.init is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init, what)
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def _hold_still(self, reader: asyncio.StreamReader, reply: Reply) -> None:
        """Freeze the guest, its file systems written out, until the server closes the connection or dies."""
        try:
            await asyncio.to_thread(self._freeze)
            await reply({})
            await reader.read()
        finally:
            self.group.thaw()

    def _freeze(self) -> None:
        self.group.freeze()
        if self.init is not None:
            for place in disks.mounted_in_guest(self.init, [d.device for d in self.devices]):
                kernel.sync_file_system(place)


def _nothing_more() -> None:
    """The connection was cut: the machine lives on."""


def _go_into_background() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)


def main() -> int:
    """Run the machine in this directory."""
    directory = Path(sys.argv[1])
    order = Order.from_json(sys.stdin.read())
    _go_into_background()
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    pid = os.getpid()
    supervisor = Supervisor(directory, order)
    supervisor.status(STARTING)
    facts = {
        "pid": pid,
        "started": start_time(pid),
        "name": order.spec.name,
        "address": order.spec.address,
        "os_disk": order.spec.os_disk,
        "data_disks": [d.content for d in order.spec.data_disks],
        "disks": [str(Path(d.file).parent) for d in order.disks],
    }
    write_atomically(directory / "machine.json", json.dumps(facts))
    asyncio.run(_run_until_told(supervisor))
    return 0


async def _run_until_told(supervisor: Supervisor) -> None:
    """Run; a SIGTERM to the supervisor is a pulled plug."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, supervisor.group.kill)
    await supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
