"""A machine's life from power-on to power-off: boots, listeners, restarts, and what is written of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from localazure.guests.windows.machine import boot
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.wsman import client_certificates
from localazure.guests.windows.wsman.server import Listener
from localazure.guests.windows.wsman.service import Service

log = logging.getLogger("localazure.windows")


class Life:
    """Runs one machine in the event loop; what blocks, runs in threads."""

    def __init__(self, machine: Machine, ended: Callable[[], None]) -> None:
        self.machine = machine
        self._ended = ended
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._listeners: dict[tuple[int, str], Listener] = {}
        self._service = Service(machine)
        self._cuts: list[int] = []
        machine.listeners_changed = self.wake
        self.task = self._loop.create_task(self._run(), name=f"windows-{machine.spec.name}")
        self.booted = True

    def lose_power(self) -> None:
        """Go down without a shutdown."""
        self.machine.off.set()
        self.wake()

    def cut(self, answer: int) -> None:
        """Take the connection at the n-th answer over WinRM from now on, without giving it."""
        self._cuts.append(answer)

    def _drops(self) -> bool:
        """Whether the answer that is due now falls to a cut."""
        if self.machine.document["behaviour"].get("unreachable"):
            return True
        due = 1 in self._cuts
        self._cuts = [one - 1 for one in self._cuts if one > 1]
        return due

    def wake(self) -> None:
        """Look again: at the listeners that should be, and whether the guest wants to go down."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        machine = self.machine
        try:
            while not machine.off.is_set():
                machine.reboot_wanted.clear()
                await asyncio.to_thread(boot.boot, machine)
                await self._until_down()
                await self._down()
        except Exception:
            log.exception("the modelled machine %s broke", machine.spec.name)
            await self._down()
        finally:
            self._ended()

    async def _until_down(self) -> None:
        machine = self.machine
        while not (machine.off.is_set() or machine.reboot_wanted.is_set()):
            self._wake.clear()
            await self._sync()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._wake.wait()

    async def _down(self) -> None:
        for listener in self._listeners.values():
            await listener.close(now=True)
        self._listeners.clear()
        self._service.shells.close_all()
        await asyncio.to_thread(boot.shut_down, self.machine)

    def _wanted(self) -> dict[tuple[int, str], tuple[bytes, bytes]]:
        """The HTTPS listeners that are configured, with their certificates, and that the firewall lets through."""
        machine = self.machine
        service = machine.service("WinRM")
        if not machine.up.is_set() or service is None or service["status"] != "Running":
            return {}
        found = {}
        for entry in list(machine.document["winrm"]["listeners"].values()):
            if (
                entry["Transport"] != "HTTPS"
                or entry["Enabled"] != "true"
                or not admitted(machine, int(entry["Port"]))
            ):
                continue
            pair = machine.certificates.pem(entry["CertificateThumbprint"])
            if pair is not None:
                found[(int(entry["Port"]), entry["CertificateThumbprint"])] = pair
        return found

    async def _sync(self) -> None:
        wanted = self._wanted()
        for key in [one for one in self._listeners if one not in wanted]:
            await self._listeners.pop(key).close(now=False)
        for key, (certificate, private) in wanted.items():
            if key in self._listeners:
                continue
            listener = Listener(self.machine, self._service, key[0], certificate, private)
            listener.drop = self._drops
            try:
                await listener.open()
            except OSError as error:
                log.warning("%s cannot listen: %s", self.machine.spec.name, error)
                continue
            self._listeners[key] = listener
        if self.machine.document["winrm"]["auth"]["Certificate"] == "true":
            roots = client_certificates.trusted_pem(self.machine)
            for listener in self._listeners.values() if roots else ():
                listener.ask_for_certificates(roots)


def admitted(machine: Machine, port: int) -> bool:
    """Whether the machine's own firewall lets a TCP port in."""
    guard = machine.service("mpssvc")
    if guard is None or guard["status"] != "Running":
        return True
    return any(
        rule["enabled"]
        and rule["action"] == "Allow"
        and rule["direction"] == "Inbound"
        and port_matches(rule["port"], port)
        for rule in list(machine.document["firewall"].values())
    )


def port_matches(ports: str, port: int) -> bool:
    """`Any`, `5986`, `5985-5986` or a list of them."""
    for part in str(ports).split(","):
        first, _, last = part.strip().partition("-")
        if first.lower() == "any" or (first.isdigit() and int(first) <= port <= int(last or first)):
            return True
    return False
