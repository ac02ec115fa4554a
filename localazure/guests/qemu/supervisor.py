"""One machine that is powered on: `python -m localazure.guests.qemu.supervisor DIRECTORY`.

The order comes on standard input (see `command`); then the process goes into the background, so that the
machine does not end with the server that started it. It owns the machine's network, its fabric and QEMU,
and ends with QEMU, leaving nothing behind but the files in its directory (see `namespace.machines`). Should
it be killed, the kernel kills QEMU and the network's helper.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import shlex
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError
from localazure.guests.fabric.facts import Facts
from localazure.guests.fabric.journal import Journal, read_report, write_atomically
from localazure.guests.fabric.service import Fabric
from localazure.guests.namespace.machines import OFF, RUNNING, STARTING, listen_for_control, start_time
from localazure.guests.namespace.messages import goals_from, rules_from
from localazure.guests.qemu import copying
from localazure.guests.qemu.addresses import inside
from localazure.guests.qemu.command import DVD, Order, Wiring, command, firmware_variables
from localazure.guests.qemu.console import Console
from localazure.guests.qemu.dhcp import SERVER_PORT, AddressService, Lease
from localazure.guests.qemu.dvd import write_dvd
from localazure.guests.qemu.network import GuestNetwork
from localazure.guests.qemu.qmp import Event, Monitor
from localazure.guests.qemu.relay import Relay

_PR_SET_PDEATHSIG = 1
_ASK_AGAIN_SECONDS = 5.0  # a button that is pressed before the guest listens is lost
_QUIT_SECONDS = 10.0


class Supervisor:
    """Owns everything that a running machine consists of."""

    def __init__(self, directory: Path, order: Order, network: GuestNetwork, facts: Facts) -> None:
        self.directory, self.order, self.network, self.facts = directory, order, network, facts
        self.journal = Journal(directory)
        self.boot = 1
        self._ending = "powered off"
        self._again = False
        self._monitor: Monitor | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._pressing: asyncio.Task[None] | None = None
        self._copying = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()

    def status(self, state: str, why: str = "") -> None:
        """Tell the server how things are."""
        pid = self._process.pid if self._process else None
        document = {"state": state, "boot": self.boot, "init": pid, "why": why, "time": time.time()}
        write_atomically(self.directory / "status.json", json.dumps(document))

    async def run(self) -> None:
        """Run the machine from power-on to power-off."""
        why = ""
        try:
            async with self._stack:
                await self._furnish()
                while True:
                    process = await self._power_on()
                    status = await process.wait()
                    self._stop_pressing()
                    if not self._again:
                        break
                    self._again = False
                    self._next_boot()
                self.console.note(f"the machine is off ({self._ending})")
                if status != 0:
                    why = f"QEMU ended with {status}: {self._said()}"
        except Exception as error:
            traceback.print_exc()
            why = str(error)
        finally:
            self._process = None
            self.status(OFF, why)

    def _said(self) -> str:
        lines = (self.directory / "qemu.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    async def _furnish(self) -> None:
        """Get everything that lasts from power-on to power-off; what was got is let go in reverse order."""
        spec, network = self.order.spec, self.network
        self._stack.callback(network.close)
        self.console = Console(self.directory / "serial.log")
        self._stack.callback(self.console.close)
        self.fabric = Fabric(self.facts, self.journal, network.listen)
        name = spec.provisioning.computer_name if spec.provisioning else spec.name
        lease = Lease(spec.address, bytes.fromhex(self.facts.mac), name)
        AddressService(network.broadcast(SERVER_PORT), lease)
        self.relay = Relay(spec.address, network, self.order.ports)
        self._stack.callback(self.relay.close)
        server = await asyncio.start_unix_server(
            self._converse, sock=listen_for_control(self.directory / "control"), limit=1 << 24
        )
        self._stack.callback(server.close)
        self.relay.open(spec.inbound)

    # QEMU.

    async def _power_on(self) -> asyncio.subprocess.Process:
        wiring = self._wiring()
        words = command(self.order, wiring, self.facts.mac)
        (self.directory / "command").write_text(shlex.join(words) + "\n")
        with (self.directory / "qemu.log").open("wb") as log:
            process = self._process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(wiring.network, wiring.console),
                preexec_fn=_die_with_parent,
            )
        self._stack.push_async_callback(self._quit)
        try:
            self._monitor = await Monitor.connect(wiring.monitor, self._heard)
        except (OSError, TimeoutError) as error:
            raise GuestError(f"QEMU did not start: {self._said()}") from error
        self.status(RUNNING)
        return process

    def _wiring(self) -> Wiring:
        """Make what QEMU is lent."""
        spec, variables, dvd = self.order.spec, None, None
        if self.order.generation == "V2":
            variables = Path("firmware")
            if self.boot == 1:
                shutil.copyfile(firmware_variables(), self.directory / variables)
        if spec.provisioning is not None and not self._provisioned():
            dvd = Path("dvd.iso")
            write_dvd(spec.provisioning, self.directory / dvd)
        return Wiring(self.network.wire, self.console.line, Path("monitor"), dvd, variables)

    def _heard(self, event: Event) -> None:
        """QEMU tells what happens to the machine."""
        name, data = event["event"], event.get("data") or {}
        if name == "RESET":
            self._stop_pressing()
            self._next_boot()
            self.status(RUNNING)
            if self._provisioned():
                self._later(self._take_dvd_away())
        elif name == "SHUTDOWN":
            self._ending = str(data.get("reason", "powered off"))

    def _next_boot(self) -> None:
        self.boot += 1
        self.journal.boot = self.boot
        self.console.note(f"boot {self.boot}")

    def _provisioned(self) -> bool:
        return read_report(self.directory).provisioning == "Ready"

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._stack.callback(task.cancel)

    async def _take_dvd_away(self) -> None:
        """Azure does, once the machine is provisioned."""
        if self._monitor and self.order.spec.provisioning:
            with contextlib.suppress(GuestError):
                await self._monitor.ask("eject", id=DVD, force=True)

    async def _quit(self) -> None:
        """End QEMU whatever happened; asked first, so that it writes out what it holds of the disks."""
        if self._monitor:
            self._monitor.close()
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()  # QEMU takes this for `quit`
            try:
                await asyncio.wait_for(self._process.wait(), _QUIT_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def pull_the_plug(self) -> None:
        """Switch off the hard way."""
        self._ending, self._again = "switched off", False
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    # What the server asks.

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline() or "{}")
            answer = await self._answer(request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(OSError):
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        operation = request.get("op")
        simple: dict[str, Callable[[], None]] = {
            "power_off": lambda: self._press(again=False),
            "reboot": lambda: self._press(again=True),
            "kill": self.pull_the_plug,
        }
        if operation in simple:
            simple[operation]()
        elif operation == "reset":
            await self._ask("system_reset")
        elif operation == "inbound":
            self.relay.set_rules(rules_from(request["rules"]))
        elif operation == "extensions":
            return {"incarnation": self.fabric.set_extensions(goals_from(request["goals"]))}
        elif operation == "copy":
            async with self._copying:
                await copying.copy_running(self._ask, request["disks"])
        else:
            return {"error": f"unknown operation {operation!r}"}
        return {}

    async def _ask(self, command: str, **arguments: Any) -> Any:
        if self._monitor is None:
            raise GuestError("the machine is not on yet")
        return await self._monitor.ask(command, **arguments)

    def _press(self, *, again: bool) -> None:
        """Press the power button until the machine is off; `again` switches it on anew, for a reboot."""
        self._stop_pressing()
        self._again = again
        self._pressing = asyncio.get_running_loop().create_task(self._keep_pressing())

    def _stop_pressing(self) -> None:
        if self._pressing:
            self._pressing.cancel()
            self._pressing = None

    async def _keep_pressing(self) -> None:
        while True:
            with contextlib.suppress(GuestError):
                await self._ask("system_powerdown")
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _go_into_background() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)


def _facts(order: Order) -> Facts:
    """Who the machine is, to itself: its address is the one inside."""
    spec = order.spec
    computer = spec.provisioning.computer_name if spec.provisioning else ""
    return Facts(spec.machine_id, spec.name, inside(spec.address), computer, spec.metadata)


def main() -> int:
    """Run the machine in this directory."""
    directory = Path(sys.argv[1]).resolve()
    order = Order.from_json(sys.stdin.read())
    _go_into_background()
    os.chdir(directory)  # the names of sockets stay short
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    pid = os.getpid()
    facts = _facts(order)
    machine = {
        "pid": pid,
        "started": start_time(pid),
        "powered_on": time.time(),
        "name": order.spec.name,
        "address": order.spec.address,
        "os_disk": order.spec.os_disk,
        "data_disks": [d.content for d in order.spec.data_disks],
        "devices": {d.content: d.device for d in order.disks},
    }
    write_atomically(directory / "machine.json", json.dumps(machine))
    try:
        network = GuestNetwork(order.spec.address, facts.mac)
    except (GuestError, OSError) as error:
        status = {"state": OFF, "boot": 0, "init": None, "why": str(error), "time": time.time()}
        write_atomically(directory / "status.json", json.dumps(status))
        return 1
    supervisor = Supervisor(directory, order, network, facts)
    supervisor.status(STARTING)
    asyncio.run(_run_until_told(supervisor))
    return 0


async def _run_until_told(supervisor: Supervisor) -> None:
    """Run; a SIGTERM to the supervisor is a pulled plug."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, supervisor.pull_the_plug)
    await supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
