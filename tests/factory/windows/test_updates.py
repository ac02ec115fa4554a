"""Windows Update: rounds until nothing is offered, bounded in number and time."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from factory.errors import ConnectionLost, DeadlineExceeded
from factory.guest.command import Command, Output
from factory.guest.guest import Guest
from factory.guest.powershell import PowerShell
from factory.windows.errors import UpdatesFailed
from factory.windows.updates import ROUNDS, Round, install_updates
from tests.factory.windows.test_sysprep_run import FakeClock

NOTHING: dict[str, Any] = {"found": [], "finished": True}
KB: dict[str, Any] = {"found": ["KB1"], "installed": ["KB1"], "reboot": True, "finished": True}


class Updating:
    """A guest whose rounds are given; a string is trouble with one look."""

    name = "guest"

    def __init__(self, *rounds: dict[str, Any] | str, state: str | None = "Running") -> None:
        self.rounds = list(rounds)
        self.state = state
        self.started = self.reboots = 0
        self.clock = FakeClock()

    @asynccontextmanager
    async def door(self) -> AsyncIterator[Guest]:
        yield self

    async def reboot(self) -> None:
        self.reboots += 1

    async def run(self, command: Command) -> Output:
        assert isinstance(command, PowerShell)
        if command.name == "start_task":
            self.started += 1
            assert "-User" not in str(command)  # SYSTEM: over WinRM nothing can be installed
        if command.name != "read_result":
            return Output(0, "{}")
        now = self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]
        if isinstance(now, str):
            raise ConnectionLost(self.name, "read_result", now)
        return Output(0, json.dumps({"state": self.state, "result": json.dumps(now)}))

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        return

    async def install(self, seconds: float = 3600) -> list[Round]:
        return await install_updates(
            self.door, machine="m", folder="C:\\g", reboot=self.reboot, seconds=seconds, clock=self.clock
        )


async def test_rounds_go_on_with_restarts_until_nothing_is_offered() -> None:
    guest = Updating(KB, {**KB, "reboot": False}, NOTHING)
    rounds = await guest.install()
    assert [one.installed for one in rounds] == [("KB1",), ("KB1",), ()]
    assert (guest.started, guest.reboots) == (3, 1)


async def test_a_look_that_fails_is_tried_again() -> None:
    assert len(await Updating({}, "reset", NOTHING).install()) == 1


async def test_an_update_that_fails_is_named() -> None:
    with pytest.raises(UpdatesFailed, match="KB2"):
        await Updating({"found": ["KB2"], "failed": ["KB2"], "finished": True}).install()
    with pytest.raises(UpdatesFailed, match="0x80240438"):
        await Updating({"error": "Exception from HRESULT: 0x80240438", "finished": True}).install()


async def test_updates_without_end_are_ended() -> None:
    guest = Updating(KB)
    with pytest.raises(UpdatesFailed, match="still more"):
        await guest.install()
    assert guest.started == ROUNDS


async def test_a_round_that_does_not_end_is_ended_by_the_deadline() -> None:
    guest = Updating({})
    with pytest.raises(DeadlineExceeded, match="Windows Update did not end within 10 min"):
        await guest.install(seconds=600)
    assert 600 <= guest.clock.passed < 700


@pytest.mark.parametrize("state", ["Ready", None])
async def test_a_task_that_a_restart_has_ended_is_not_waited_for(state: str | None) -> None:
    guest = Updating({}, state=state)
    with pytest.raises(UpdatesFailed, match="restarted the machine or stopped the task"):
        await guest.install()
    assert guest.clock.passed < 60
