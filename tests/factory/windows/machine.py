"""The factory's own scripts and doors on a modelled machine, with neither cloud nor flow around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from factory.clock import SystemClock
from factory.guest.evidence import Verdict
from factory.guest.units import Stage
from factory.remote.winrm import PowerShellGuest
from factory.remote.winrm_login import WinRmLogin
from factory.windows.bootstrap import WayIn, opening, parse_opening, password_of
from factory.windows.context import Context
from factory.windows.generalize import examine, judge
from factory.windows.sealed import Seal
from factory.windows.sysprep import Limits
from factory.windows.sysprep_run import Job, SysprepRun, run_sysprep
from localazure.guests.windows.host import WindowsHost
from tests.localazure.guests.windows.rooms import Guest, Room

FOLDER = r"C:\ProgramData\golden-build-1"
ADMIN = "gf1a2bbuild"
LOOK_SECONDS = 5.0


class Brisk(SystemClock):
    """Waits less between looks."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


@dataclass
class Opened:
    """A machine that the factory has opened for itself."""

    guest: Guest
    way_in: WayIn
    password: SecretStr = field(repr=False)
    kept: list[list[str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def login(self, **changes: object) -> WinRmLogin:
        """The way in of the temporary administrator."""
        known = {
            "host": self.guest.spec.address,
            "user": ADMIN,
            "password": self.password,
            "pin": self.way_in.pin,
            "deadline": LOOK_SECONDS,
            "login_grace": 0,
        }
        return WinRmLogin(**{**known, **changes})  # type: ignore[arg-type]  # a table of arguments

    def door(self) -> PowerShellGuest:
        """A new session."""
        return PowerShellGuest(self.login(), folder=FOLDER)

    async def verdict(self, stage: Stage = Stage.BEFORE_GENERALIZE) -> Verdict:
        """What the checks of a stage say."""
        async with self.door() as guest:
            return judge(await examine(guest, stage, Context(accounts=(ADMIN,))))

    async def sysprep(self, limits: Limits | None = None) -> SysprepRun:
        """Generalize it."""
        job = Job("build-1", "1", ADMIN, self.password, FOLDER, limits or Limits())
        return await run_sysprep(self.door, job, tell=self.told.append, keep=self.kept.append, clock=Brisk())


@asynccontextmanager
async def opened_machine(
    state: Path, before: Callable[[Guest], None] = lambda _guest: None
) -> AsyncIterator[Opened]:
    """A machine that is on, opened by the factory's script; `before` is done to it before that."""
    host = WindowsHost(state)
    host.pace(0.002)
    try:
        guest = await (await Room(host).boot()).ready()
        await asyncio.to_thread(before, guest)
        yield await open_machine(guest)
    finally:
        await host.shutdown()


async def open_machine(guest: Guest) -> Opened:
    """Run the opening script as Run Command does, as SYSTEM."""
    seal = Seal.make()
    made = opening(ADMIN, seal)
    parameters = [{"name": name, "value": value} for name, value in made.parameters.items()]
    status = await guest.command(made.script, parameters=parameters)
    assert status.exit_code == 0, status.stderr
    way_in = parse_opening(guest.spec.name, status.stdout, temporary=True, folder=FOLDER)
    return Opened(guest, way_in, password_of(guest.spec.name, status.stdout, seal))
