"""Windows, as the steps of a run see it."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from factory.azure import machines, run_commands
from factory.azure.client import Azure
from factory.errors import GuestError, InvalidInput, RemoteError
from factory.family import AnyEvidence, Credentials, Facts, Proof
from factory.guest import units
from factory.guest.command import Command
from factory.guest.evidence import Verdict
from factory.guest.guest import Guest, run_checked
from factory.guest.powershell import ps
from factory.guest.units import Stage
from factory.opened import Opened
from factory.recipe import Build, Customization
from factory.remote.winrm import PowerShellGuest, try_login
from factory.remote.winrm_errors import WinRmConnectionLost
from factory.remote.winrm_login import WinRmLogin, is_open
from factory.run import BUILD_KEY, TEST_KEY, Run, Skip
from factory.windows.answers import moment, restarted
from factory.windows.bootstrap import (
    WayIn,
    close,
    look_from_outside,
    opening,
    parse_opening,
    password_of,
)
from factory.windows.context import Context, Expected
from factory.windows.errors import Restarted
from factory.windows.facts import WindowsFacts, gather_facts
from factory.windows.generalize import WindowsEvidence, examine, judge, operation_named
from factory.windows.own_tests import run_own_tests
from factory.windows.probe import script
from factory.windows.sealed import Seal
from factory.windows.sysprep import Limits
from factory.windows.sysprep_run import Job, SysprepRun, run_sysprep
from factory.windows.updates import install_updates

SYSPREP_LOG = "sysprep-log.json"
UPDATES = "windows-updates.json"
LOGIN_GRACE = 30.0
LOOK_DEADLINE = 20.0
"""Seconds for one attempt to look at Sysprep; the watch itself bears failed looks."""


class WindowsFamily:
    """See `Family`."""

    name = units.Family.WINDOWS

    def admitted_port(self, build: Build) -> int | None:
        """WinRM's."""
        return build.winrm_port

    def computer_name(self, name: str, run_id: str) -> str:
        """At most 15 characters, as NetBIOS has it."""
        return name if len(name) <= 15 else f"{name[:10]}-{run_id[-4:]}"

    def credentials(self, run: Run, purpose: str) -> Credentials:
        """A password: Azure takes no keys for Windows."""
        return Credentials(password=run.password(purpose))

    async def open_build(self, run: Run, azure: Azure, machine_id: str, address: str) -> Opened:
        """A temporary administrator and a listener with a certificate of the guest's own."""
        return await self._open(run, azure, machine_id, address, user=run.plan.temporary_admin, key=BUILD_KEY)

    async def open_test(self, run: Run, azure: Azure, machine_id: str, address: str) -> Opened:
        """A listener for the administrator whom Azure made."""
        return await self._open(run, azure, machine_id, address, user=run.plan.test_admin, key=TEST_KEY)

    async def _open(
        self, run: Run, azure: Azure, machine_id: str, address: str, *, user: str, key: str
    ) -> Opened:
        plan = run.plan
        temporary = key == BUILD_KEY
        seal = Seal.make() if temporary else None
        made = opening(user, seal, port=plan.recipe.build.winrm_port)
        result = await run_commands.run_command(
            azure,
            machine_id,
            name="golden-open",
            script=made.script,
            parameters=made.parameters,
            deadline=plan.recipe.deadline("run_command"),
            tags=plan.tags("scaffolding"),
        )
        name = machine_id.rsplit("/", 1)[1]
        folder = f"C:\\ProgramData\\golden-{key}-{plan.run_id}"
        output = result.checked(whole=True)
        way_in = parse_opening(name, output, temporary=temporary, folder=folder)
        if seal is not None:
            run.keep_password(key, password_of(name, output, seal))
        step = "open" if temporary else "verify"
        run.record.write(step, "fact", "certificate read through Azure", fingerprint=way_in.pin.fingerprint)
        return Opened(
            machine_id=machine_id, address=address, port=way_in.port, user=user, key=key, way_in=way_in
        )

    def connect(self, run: Run, opened: Opened) -> AbstractAsyncContextManager[Guest]:
        """A PowerShell door over WinRM, with the guest's own certificate pinned."""
        return self._door(run, opened)

    def _door(
        self, run: Run, opened: Opened, *, deadline: float | None = None, log: str = ""
    ) -> PowerShellGuest:
        login = _login(run, opened)
        if deadline is not None:
            login = replace(login, deadline=deadline, login_grace=0)
        tell: Callable[[str], None] = partial(run.record.write, log, "progress") if log else _nobody
        return PowerShellGuest(login, folder=_way_in(opened).folder, log=tell, clock=run.clock)

    async def change(self, run: Run, opened: Opened, step: Customization) -> None:
        """PowerShell, files, Windows Update, mending operations and restarts."""
        if step.reboot:
            await self._reboot(run, opened)
        elif step.upgrade_packages:
            await self._update(run, opened)
        else:
            await self._apply(run, opened, step)

    async def _apply(self, run: Run, opened: Opened, step: Customization) -> None:
        async with self._door(run, opened, log="customize") as guest:
            booted = await _boot_time(guest)
            try:
                await _carry_out(run, guest, step)
            except WinRmConnectionLost as error:
                raise await self._why_lost(run, opened, step, booted, error) from error

    async def _why_lost(
        self, run: Run, opened: Opened, step: Customization, booted: datetime, error: WinRmConnectionLost
    ) -> GuestError:
        """A connection that breaks is the network's fault, or the step's, which restarts the machine."""
        with contextlib.suppress(GuestError):
            if restarted(booted, await self._booted(run, opened)):
                return Restarted(opened.name, step.name)
        return WinRmConnectionLost(error.host, step.name, error.cause, alive=error.alive)

    async def _update(self, run: Run, opened: Opened) -> None:
        rounds = await install_updates(
            partial(self._door, run, opened),
            machine=opened.name,
            folder=_way_in(opened).folder,
            reboot=partial(self._reboot, run, opened),
            seconds=run.plan.recipe.deadline("customize").total_seconds(),
            clock=run.clock,
            tell=partial(run.record.write, "customize", "fact"),
        )
        run.record.save(UPDATES, [one.model_dump(mode="json") for one in rounds])

    async def _reboot(self, run: Run, opened: Opened) -> None:
        """Restart through Azure, and believe it only when the boot time has changed."""
        before = await self._booted(run, opened)
        async with run.azure() as azure:
            await machines.restart(azure, opened.machine_id, deadline=run.plan.recipe.deadline("power"))
        if not restarted(before, await self._booted(run, opened)):
            raise RemoteError(
                opened.name, "restart", 0, "the boot time is the same: the machine did not restart"
            )

    async def _booted(self, run: Run, opened: Opened) -> datetime:
        async with self._door(run, opened) as guest:
            return await _boot_time(guest)

    async def look(self, run: Run, opened: Opened) -> tuple[Facts, AnyEvidence]:
        """Facts, and the checks before Sysprep."""
        async with self._door(run, opened) as guest:
            facts = await gather_facts(guest, run.plan.recipe.verify.files)
            evidence = await examine(guest, Stage.BEFORE_GENERALIZE, _context(run))
        return facts, evidence

    async def generalize(self, run: Run, opened: Opened, facts: Facts, skip: list[Skip]) -> AnyEvidence:
        """Sysprep, what it left by a new session, and the way in taken away."""
        context, done, closing = _context(run), None, None
        if "deprovision" not in skip:
            done = await self._sysprep(run, opened)
            context = context.model_copy(update={"sysprep_began": done.began})
        async with self._door(run, opened) as guest:
            evidence = await examine(guest, Stage.BEFORE_CAPTURE, context)
            if done is not None:
                closing = await close(guest, _way_in(opened))
        if closing is not None:
            closing = await look_from_outside(closing, partial(_is_gone, run, opened), run.clock)
        return evidence.model_copy(update={"sysprep": done, "closing": closing})

    async def _sysprep(self, run: Run, opened: Opened) -> SysprepRun:
        deadline = run.plan.recipe.deadline("sysprep").total_seconds()
        job = Job(
            machine=opened.name,
            run_id=run.plan.run_id,
            user=opened.user or "",
            password=run.password(opened.key),
            folder=_way_in(opened).folder,
            limits=Limits(deadline=deadline),
        )
        return await run_sysprep(
            partial(self._door, run, opened, deadline=LOOK_DEADLINE),
            job,
            tell=partial(run.record.write, "generalize-guest", "progress"),
            keep=partial(run.record.save, SYSPREP_LOG),
            clock=run.clock,
        )

    def judge(self, evidence: AnyEvidence) -> Verdict:
        """See `factory.windows.generalize.judge`."""
        if not isinstance(evidence, WindowsEvidence):
            raise InvalidInput("this is no evidence of a Windows guest")
        return judge(evidence)

    async def prove(self, run: Run, opened: Opened, facts: Facts) -> Proof:
        """The checks after provisioning, and the recipe's own tests."""
        source = _windows(facts)
        way_in = _way_in(opened)
        expected = Expected(
            source=source,
            computer_name=run.plan.test_computer_name,
            admin=run.plan.test_admin,
            luns=tuple(disk.lun for disk in source.data_disks),
            own_traces=(way_in.thumbprint, way_in.folder.rpartition("\\")[2]),
        )
        context = Context(accounts=(run.plan.temporary_admin,), expected=expected)
        async with self._door(run, opened) as guest:
            found = await gather_facts(guest, run.plan.recipe.verify.files)
            evidence = await examine(guest, Stage.AFTER_PROVISION, context)
            tests = await run_own_tests(guest, run.plan.recipe.verify.tests, way_in.folder)
        verdict = judge(evidence)
        findings = [*(str(finding) for finding in verdict.findings), *tests]
        seen = _seen(source, found, verdict, run.plan.temporary_admin)
        return Proof(seen, findings, list(verdict.warnings))

    async def old_login(self, run: Run, opened: Opened) -> list[str]:
        """The build machine's administrator, with his password."""
        if not run.has_password(BUILD_KEY):
            told = "the old user's login was not tried: his password is on another computer"
            run.record.write("verify", "warning", told)
            return []
        login = replace(
            _login(run, opened),
            user=run.plan.temporary_admin,
            password=run.password(BUILD_KEY),
            login_grace=0,
        )
        if await try_login(login, run.clock):
            return [f"the old user {login.user} still logs in with the old password"]
        return []


def _nobody(_line: str) -> None:
    return


def _login(run: Run, opened: Opened) -> WinRmLogin:
    way_in = _way_in(opened)
    return WinRmLogin(
        host=opened.address,
        user=opened.user or way_in.user,
        password=run.password(opened.key),
        pin=way_in.pin,
        port=way_in.port,
        deadline=run.plan.recipe.deadline("connect").total_seconds(),
        login_grace=LOGIN_GRACE,
    )


async def _is_gone(run: Run, opened: Opened) -> bool:
    """Whether the administrator has no way in any more; a listener of the user's own stays."""
    way_in = _way_in(opened)
    if way_in.own_listener:
        return not await asyncio.to_thread(is_open, opened.address, way_in.port)
    return not await try_login(replace(_login(run, opened), login_grace=0, deadline=LOOK_DEADLINE))


def _way_in(opened: Opened) -> WayIn:
    if opened.way_in is None:
        raise InvalidInput(f"{opened.name} was not opened for WinRM")
    return opened.way_in


def _windows(facts: Facts) -> WindowsFacts:
    if not isinstance(facts, WindowsFacts):
        raise InvalidInput("these are no facts of a Windows guest")
    return facts


def _context(run: Run) -> Context:
    return Context(accounts=(run.plan.temporary_admin,))


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


async def _boot_time(guest: Guest) -> datetime:
    return moment((await run_checked(guest, script("boot_time"))).stdout)


async def _carry_out(run: Run, guest: Guest, step: Customization) -> None:
    if step.copy_from is not None:
        await guest.put(step.copy_to or "", _read(step.copy_from))
        return
    for command in _commands(run, step):
        await run_checked(guest, command)


def _commands(run: Run, step: Customization) -> list[Command]:
    if step.mend is not None:
        return list(operation_named(step.mend)())
    seconds = run.plan.recipe.deadline("customize").total_seconds()
    return [ps("script", step.script or "", timeout=seconds)]


def _seen(source: WindowsFacts, found: WindowsFacts, verdict: Verdict, own: str) -> dict[str, Any]:
    """What is shown; `own` is the factory's account on the build machine, which no source has."""
    before = [user.name for user in source.users if user.name.casefold() != own.casefold()]
    after = [user.name for user in found.users]
    return {
        "rows": [
            ["machine SID", source.machine_sid, found.machine_sid],
            ["computer name", source.computer_name, found.computer_name],
            ["system", f"{source.caption} {source.build}", f"{found.caption} {found.build}"],
            ["hardware", source.hardware, found.hardware],
            ["users", *(", ".join(names) for names in (before, after))],
            *(["SHA-256 of " + path, str(sha256), "the same"] for path, sha256 in found.files.items()),
        ],
        "machine_sid": [source.machine_sid, found.machine_sid],
        "computer_name": [source.computer_name, found.computer_name],
        "users": [before, after],
        "files": found.files,
        "data_disks": [disk.model_dump(mode="json") for disk in found.data_disks],
        "checks": verdict.checked,
        "warnings": verdict.warnings,
    }


FAMILY = WindowsFamily()
