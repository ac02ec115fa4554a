"""The factory against modelled machines, whatever is wrong with them: found before, or one error in time.

The cheapest level at which the factory's own scripts run over the real wire. Flows do the same with a cloud.
"""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from factory.guest.guest import run_checked
from factory.recipe import Test
from factory.remote.winrm import try_login
from factory.windows.bootstrap import close, look_from_outside
from factory.windows.errors import SysprepFailed
from factory.windows.failure import known_failures
from factory.windows.generalize import all_operations, operation_named
from factory.windows.own_tests import run_own_tests
from factory.windows.sysprep import Limits, State
from localazure.guests.windows.failures import failures
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.process import Process, Token
from tests.factory.windows.machine import ADMIN, FOLDER, Opened, opened_machine
from tests.localazure.guests.windows.rooms import Guest, until

KNOWN = {failure.name.replace("_", "-"): failure for failure in known_failures()}
FOUND_BEFORE = {
    "custom-unattend": "remove_unattend",
    "domain-joined": "Remove-Computer",
    "must-change-password": "clear_password_change",
    "provisioning-media": "enable_cdrom",
    "unsupported-role": "Uninstall-WindowsFeature",
}
"""The remedy's own words, by fault."""
HANGS = {"hangs": "sppnp.dll", "media-sharing": "wmpnssci.dll", "push-message-service": "dmwappushsvc.dll"}
"""The last word of those that do not end."""
ANSWERS = 8
"""Of a session that looks once, two of them the login's."""
SHORT = Limits(deadline=4, start=4, silence=3)


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened_machine(tmp_path / "state") as opened:
        yield opened


def bring_about(machine: Opened, name: str) -> None:
    """As the fault of that name does in the cloud."""
    machine.guest.host.bring_about(machine.guest.spec.machine_id, name, failures()[name].moment)


async def fails(machine: Opened, name: str, limits: Limits | None = None) -> SysprepFailed:
    """Nothing is found before, and Sysprep ends in one error with a remedy, its log kept."""
    bring_about(machine, name)
    assert (await machine.verdict()).findings == ()
    with pytest.raises(SysprepFailed) as caught:
        await machine.sysprep(limits)
    assert caught.value.remedy
    assert machine.kept[0]
    assert (
        machine.password.get_secret_value()
        not in f"{caught.value!r} {caught.value} {machine.kept} {machine.told}"
    )
    return caught.value


def test_every_fault_of_the_model_has_its_test_here() -> None:
    others = {"sysprep-as-system", "restarts", "unreachable", "unknown-provider"}
    assert set(failures()) == set(KNOWN) | set(FOUND_BEFORE) | set(HANGS) | others


SEEN_BEFORE = {
    "appx-per-user": "appx_per_user",
    "bitlocker-on": "bitlocker",
    "custom-unattend": "custom_unattend",
    "disk-full": "disk_space",
    "distributed-transactions": "msdtc",
    "domain-joined": "domain_membership",
    "earlier-run-failed": "earlier_sysprep",
    "must-change-password": "must_change_password",
    "pending-reboot": "pending_reboot",
    "provisioning-media": "provisioning_media",
    "rearm-exhausted": "rearm_count",
    "reserved-storage": "servicing_idle",
    "unsupported-role": "server_roles",
    "upgraded-system": "upgraded_os",
}
"""The check that finds a state which is there already when it looks."""


async def test_a_state_that_is_there_already_is_found_by_its_check_and_by_no_other(machine: Opened) -> None:
    """One state after another, each put back: the machine's document is the whole machine."""
    model = machine.guest.machine
    good = json.dumps(model.snapshot())
    found, remedies = {}, {}
    for name in SEEN_BEFORE:
        machine.guest.host.provoke(machine.guest.spec.os_disk, name)
        findings = (await machine.verdict()).findings
        found[name] = {finding.unit for finding in findings}
        remedies[name] = findings[0].text.partition("Remedy: ")[2]
        put_back(model, json.loads(good))
    assert found == {name: {unit} for name, unit in SEEN_BEFORE.items()}
    assert all(remedies.values())
    assert [name for name, words in FOUND_BEFORE.items() if words not in remedies[name]] == []


def put_back(model: Machine, document: dict[str, Any]) -> None:
    """Make the machine what it was, in place: every part of it holds on to its piece of the document."""

    def restore(now: dict[str, Any], then: dict[str, Any]) -> None:
        for key in set(now) - set(then):
            del now[key]
        for key, value in then.items():
            if isinstance(value, dict) and isinstance(now.get(key), dict):
                restore(now[key], value)
            elif isinstance(value, list) and isinstance(now.get(key), list):
                now[key][:] = value
            else:
                now[key] = value

    with model.lock:
        restore(model.document, document)


MENDS = {
    "appx-per-user": "remove_user_appx",
    "custom-unattend": "remove_unattend",
    "distributed-transactions": "enable_msdtc",
    "must-change-password": "clear_password_change",
    "provisioning-media": "enable_cdrom",
}


def test_every_mending_operation_has_a_state_that_it_mends() -> None:
    assert set(MENDS.values()) == {operation.name for operation in all_operations()}


@pytest.mark.parametrize("name", sorted(MENDS))
async def test_a_mended_machine_passes_the_checks_and_sysprep(machine: Opened, name: str) -> None:
    machine.guest.host.provoke(machine.guest.spec.os_disk, name)
    assert (await machine.verdict()).findings
    async with machine.door() as guest:
        for command in operation_named(MENDS[name])():
            await run_checked(guest, command)
    assert (await machine.verdict()).findings == ()
    assert (await machine.sysprep()).last.image_state == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"


async def test_each_failure_of_the_catalogue_is_known_by_this_runs_log(machine: Opened) -> None:
    """One after another on one machine, which is put back: an earlier log must not be this one's."""
    model = machine.guest.machine
    good = json.dumps(model.snapshot())
    names = sorted(set(KNOWN) - set(HANGS))
    assert (await machine.verdict()).findings == ()
    told = {}
    for name in names:
        bring_about(machine, name)
        with pytest.raises(SysprepFailed) as caught:
            await machine.sysprep()
        told[name] = (caught.value.state, caught.value.remedy, bool(caught.value.causes))
        put_back(model, json.loads(good))
    assert told == {name: (State.FAILED, KNOWN[name].remedy, True) for name in names}
    assert len(machine.kept) == len(names)
    assert machine.password.get_secret_value() not in f"{machine.kept} {machine.told}"


async def test_a_failure_that_nobody_knows_is_quoted_and_its_component_named(machine: Opened) -> None:
    error = await fails(machine, "unknown-provider")
    assert error.causes == []
    assert "hr = 0x8007054f" in error.message
    assert "look at what belongs to backupagent.dll" in (error.remedy or "")


@pytest.mark.parametrize("name", sorted(HANGS))
async def test_a_hang_ends_at_the_deadline_with_its_last_word(machine: Opened, name: str) -> None:
    began = time.monotonic()
    error = await fails(machine, name, SHORT)
    assert error.state == State.HUNG
    assert HANGS[name] in error.message
    assert (KNOWN[name].remedy if name in KNOWN else HANGS[name]) in (error.remedy or "")
    assert time.monotonic() - began < 20


async def test_a_machine_that_restarts_under_sysprep_is_told_as_the_cause(machine: Opened) -> None:
    await until(lambda: machine.guest.machine.uptime() > 1.5, 5, "an uptime that is told from a drift")
    error = await fails(machine, "restarts")
    assert "the machine restarted while Sysprep ran" in error.message
    assert "reboot: true" in (error.remedy or "")


async def test_a_machine_that_nobody_reaches_any_more_is_waited_for_in_bounds(machine: Opened) -> None:
    error = await fails_unseen(machine)
    assert error.state == State.UNREACHABLE
    assert "boot diagnostics" in (error.remedy or "")


async def fails_unseen(machine: Opened) -> SysprepFailed:
    bring_about(machine, "unreachable")
    with pytest.raises(SysprepFailed, match="was not seen") as caught:
        await machine.sysprep(SHORT)
    return caught.value


async def test_sysprep_runs_as_the_administrator_where_system_would_break_the_first_start(
    machine: Opened,
) -> None:
    bring_about(machine, "sysprep-as-system")
    done = await machine.sysprep()
    assert done.last.image_state == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
    assert machine.guest.machine.document["generalized_by"] == ADMIN
    assert "golden-sysprep" not in machine.guest.machine.document["tasks"]


async def test_a_connection_that_is_lost_at_each_answer_of_a_look_costs_a_look_and_no_more(
    machine: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer is cut in each look: the login's, then those that open, run, read and close the shell."""
    life = machine.guest.host.life(machine.guest.spec.machine_id)
    assert life is not None
    machine.guest.machine.clock.scale = 0.05
    sessions, plain = 0, machine.door

    @contextlib.asynccontextmanager
    async def torn():  # type: ignore[no-untyped-def]
        nonlocal sessions
        sessions += 1
        if 2 <= sessions < 2 + ANSWERS:
            life.cut(sessions - 1)
        async with plain() as guest:
            yield guest

    monkeypatch.setattr(machine, "door", torn)
    done = await machine.sysprep()
    assert done.last.image_state == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
    assert sessions > 2 + ANSWERS
    assert any("connection lost" in told and "observe_sysprep" in told for told in machine.told)


async def test_the_password_is_in_no_process_of_the_guest_and_on_no_disk_of_it(tmp_path: Path) -> None:
    seen: list[str] = []

    def watch(guest: Guest) -> None:
        table = guest.machine.processes
        add = table.add

        def noted(name: str, path: str, token: Token, **more: Any) -> Process:
            process = add(name, path, token, **more)
            seen.append(f"{process.command_line} {sorted(process.environment.items())}")
            return process

        table.add = noted  # type: ignore[method-assign]  # what the guest's own process list would show

    async with opened_machine(tmp_path / "state", watch) as machine:
        await machine.sysprep()
        disk = json.dumps(machine.guest.machine.snapshot())
        password = machine.password.get_secret_value()
    assert any("golden-build-1" in line for line in seen)
    for hidden in (password, base64.b64encode(password.encode("utf-16-le")).decode()):
        assert hidden not in disk
        assert not [line for line in seen if hidden in line]


async def test_a_listener_of_the_users_own_is_used_and_stays_and_the_factorys_user_goes(
    tmp_path: Path,
) -> None:
    def own(guest: Guest) -> None:
        asyncio.run_coroutine_threadsafe(guest.open(), loop).result(30)

    loop = asyncio.get_running_loop()
    async with opened_machine(tmp_path / "state", own) as machine:
        assert not machine.way_in.own_listener
        async with machine.door() as guest:
            seen = await close(guest, machine.way_in)

        async def gone() -> bool:
            return not await try_login(machine.login())

        closing = await look_from_outside(seen, gone)
        assert closing.findings() == []
        assert machine.guest.listens
        assert machine.guest.machine.users.get(ADMIN) is None
        assert (await machine.guest.ps("'the user is still let in'"))[0] == 0


PESTER = """
Describe 'the application' {
    BeforeAll { New-Item -Path C:\\app -ItemType Directory -Force | Out-Null }
    Context 'its folder' {
        It 'is there' { 'C:\\app' | Should Exist }
        It 'is no file' { (Test-Path -Path C:\\app -PathType Leaf) | Should -Be $false }
    }
    It 'has a release' { (6 * 7) | Should %s 42 }
    It 'is not empty' { 'release 7' | Should Not BeNullOrEmpty }
}
"""


def pester(text: str) -> Test:
    return Test(name="pester", script=text, pester=True)


async def test_the_recipes_pester_tests_run_and_what_fails_is_named(machine: Opened) -> None:
    good, bad = pester(PESTER % "Be"), pester(PESTER % "Not Be")
    empty, broken = pester("'nothing'"), pester("Describe 'x' {")
    plain = Test(name="plain", script="throw 'no release'")
    async with machine.door() as guest:
        assert await run_own_tests(guest, [good], FOLDER) == []
        found = await run_own_tests(guest, [bad, empty, broken, plain], FOLDER)
    assert len(found) == 4
    assert "'pester': has a release: Expected anything but: {42}" in found[0]
    assert "holds no test" in found[1]
    assert "exited 1" in found[2]
    assert "'plain' exited 1: " in found[3]
    assert "no release" in found[3]
