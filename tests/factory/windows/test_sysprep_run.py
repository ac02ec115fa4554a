"""A whole run of Sysprep against a guest that plays what it is told; time passes only when somebody waits."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from factory.errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    GuestError,
    LoginRefused,
    RemoteError,
    Unreachable,
)
from factory.guest.command import Command, Output
from factory.guest.guest import Guest
from factory.guest.powershell import PowerShell
from factory.remote.winrm_errors import CertificateMismatch, ShellQuota
from factory.windows.errors import SysprepFailed
from factory.windows.sysprep import Limits
from factory.windows.sysprep_run import Job, SysprepRun, run_sysprep

LOGS = Path(__file__).parent / "logs"
BEGAN = "2026-03-04T10:00:00.0000000Z"
BOOTED = "2026-03-04T09:00:00.0000000Z"
GENERALIZED = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
PASSWORD = "Gf1-s3cret"
JOB = Job(
    machine="build-1",
    run_id="1",
    user="gf1a2bbuild",
    password=SecretStr(PASSWORD),
    folder="C:\\ProgramData\\golden-1",
    limits=Limits(deadline=1800, start=180, silence=300),
)

Look = dict[str, Any] | GuestError


class FakeClock:
    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 4, 10, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Windows:
    """A guest whose looks are given; the last one stays."""

    name = "gf1a2bbuild@10.0.0.5:5986"

    def __init__(self, *looks: Look, left: dict[str, Any] | None = None) -> None:
        self.looks = list(looks)
        self.left = left or {"tasks": [], "folder": False}
        self.asked: list[PowerShell] = []
        self.files: dict[str, bytes] = {}
        self.sessions = 0

    @asynccontextmanager
    async def door(self) -> AsyncIterator[Guest]:
        self.sessions += 1
        yield self

    async def run(self, command: Command) -> Output:
        assert isinstance(command, PowerShell)
        self.asked.append(command)
        answers: dict[str, Callable[[], Any]] = {
            "prepare_sysprep": lambda: {
                "time": BEGAN,
                "local": "2026-03-04 10:00:00",
                "boot": BOOTED,
                "image_state": "x",
            },
            "observe_sysprep": self.look,
            "clean_sysprep": lambda: self.left,
        }
        answer = answers.get(command.name, dict)()
        return Output(0, json.dumps(answer))

    def look(self) -> dict[str, Any]:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, GuestError):
            raise look
        return look

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        self.files[path] = content


def look(state: str = "IMAGE_STATE_UNDEPLOYABLE", **facts: Any) -> dict[str, Any]:
    base = {
        "time": BEGAN,
        "boot": BOOTED,
        "image_state": state,
        "started": True,
        "task": "Running",
        "processes": 1,
    }
    return {**base, **facts}


DONE = look(GENERALIZED, tag="2026-03-04T10:05:00.0000000Z", task="Ready", processes=0, exit_code="0")


def ended(log: str) -> dict[str, Any]:
    lines = (LOGS / log).read_text().splitlines()
    return look("IMAGE_STATE_COMPLETE", task="Ready", processes=0, exit_code="1", new=lines, lines=len(lines))


async def run(
    guest: Windows, clock: FakeClock | None = None, kept: list[list[str]] | None = None
) -> SysprepRun:
    kept = [] if kept is None else kept
    return await run_sysprep(guest.door, JOB, clock=clock or FakeClock(), keep=kept.append)


async def test_a_good_run_is_started_as_a_task_watched_by_new_sessions_and_cleaned_up() -> None:
    guest = Windows(look(), look(), DONE)
    done = await run(guest)
    assert done.began == datetime(2026, 3, 4, 10, tzinfo=UTC)
    names = [command.name for command in guest.asked]
    assert names.index("prepare_sysprep") < names.index("start_task") < names.index("observe_sysprep")
    assert names[-1] == "clean_sysprep"
    assert guest.sessions == 1 + 3 + 1
    assert "C:\\ProgramData\\golden-1\\run_sysprep.ps1" in guest.files


async def test_the_password_goes_by_standard_input_alone() -> None:
    guest = Windows(DONE)
    await run(guest)
    (start,) = [command for command in guest.asked if command.name == "start_task"]
    assert start.stdin == f"{PASSWORD}\n".encode()
    assert not any(PASSWORD in f"{command}{command!r}{command.inline}" for command in guest.asked)


async def test_a_known_failure_is_named_with_its_package_and_remedy_and_the_log_is_kept() -> None:
    kept: list[list[str]] = []
    with pytest.raises(SysprepFailed) as caught:
        await run(Windows(ended("appx_per_user.log")), kept=kept)
    assert caught.value.state == "failed"
    assert "Microsoft.Winget.Source_2025.718.1153.54_neutral__8wekyb3d8bbwe" in caught.value.message
    assert "remove_user_appx" in (caught.value.remedy or "")
    assert any("RemoveAllApps" in line for line in kept[0])


async def test_an_older_runs_failure_in_the_same_log_is_not_this_runs() -> None:
    old = (LOGS / "appx_per_user.log").read_text().replace("2026-03-04", "2026-03-01").splitlines()
    new = (LOGS / "bitlocker_on.log").read_text().splitlines()
    seen = ended("bitlocker_on.log") | {"new": old + new, "errors": [line for line in old if "Error" in line]}
    with pytest.raises(SysprepFailed) as caught:
        await run(Windows(seen))
    assert caught.value.causes == ["BitLocker is on for the OS volume (BdeSysprep.dll, 0x80310039)"]


async def test_an_unknown_failure_quotes_the_last_errors() -> None:
    lines = ["2026-03-04 10:00:06, Error      [0x0f0082] SYSPRP Something new went wrong; dwRet = 0x42"]
    with pytest.raises(SysprepFailed, match="Something new went wrong") as caught:
        await run(Windows(ended("good_run.txt") | {"new": lines}))
    assert caught.value.causes == []
    assert "sysprep-log.json" in (caught.value.remedy or "")


async def test_a_machine_that_restarts_meanwhile_ends_it_at_once_and_the_restart_is_the_cause() -> None:
    anew = look(boot="2026-03-04T10:02:00.0000000Z", task="Ready", processes=0)
    clock = FakeClock()
    with pytest.raises(SysprepFailed, match="the machine restarted while Sysprep ran") as caught:
        await run(Windows(look(), Unreachable("g", "cannot be reached"), anew), clock)
    assert "IMAGE_STATE_UNDEPLOYABLE" in caught.value.reason
    assert "reboot: true" in (caught.value.remedy or "")
    assert clock.passed < 60


async def test_a_boot_time_that_drifts_by_the_clock_is_no_restart() -> None:
    drifted = DONE | {"boot": "2026-03-04T09:00:00.4000000Z"}
    quiet = look(boot="2026-03-04T09:00:00.4000000Z", processes=0, task="Ready", started=False)
    assert (await run(Windows(quiet, drifted))).last.image_state == GENERALIZED


async def test_a_hang_ends_at_the_deadline() -> None:
    clock = FakeClock()
    with pytest.raises(SysprepFailed) as caught:
        await run(Windows(look()), clock)
    assert caught.value.state == "hung"
    assert 1800 <= clock.passed < 1900


@pytest.mark.parametrize(
    "trouble",
    [
        Unreachable("g", "cannot be reached"),
        ConnectionRefused("g", "nothing listens"),
        ConnectionLost("g", "observe", "reset"),
        DeadlineExceeded("g", "observe", 60),
        LoginRefused("g", "refused"),
        RemoteError("g", "observe", 1, "no memory"),
        ShellQuota("g", "too many"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_trouble_at_some_looks_is_borne_and_at_every_look_is_one_clear_error(
    trouble: GuestError,
) -> None:
    assert (await run(Windows(look(), trouble, trouble, DONE))).last.image_state == GENERALIZED
    clock = FakeClock()
    with pytest.raises(SysprepFailed, match="was not seen for 5 min") as caught:
        await run(Windows(look(), trouble), clock)
    assert caught.value.state == "unreachable"
    assert clock.passed < 400


async def test_another_certificate_in_mid_run_ends_it_at_once() -> None:
    with pytest.raises(CertificateMismatch):
        await run(Windows(look(), CertificateMismatch("g", "aa", "bb")))


async def test_errors_that_a_good_run_survived_are_kept_as_complaints() -> None:
    lines = ["2026-03-04 10:00:06, Error                 SYSPRP MSMQ: cannot be asked"]
    assert (await run(Windows(DONE | {"new": lines}))).complaints == ("SYSPRP MSMQ: cannot be asked",)


async def test_a_task_that_stays_is_an_error() -> None:
    with pytest.raises(Exception, match="could not be removed"):
        await run(Windows(DONE, left={"tasks": ["golden-sysprep"], "folder": False}))
