"""Run Sysprep in a guest: start it as a task, look at it by new sessions until its end, keep its log."""

import contextlib
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict, SecretStr

from factory.clock import Clock, SystemClock
from factory.errors import (
    ConnectionLost,
    DeadlineExceeded,
    FactoryError,
    GuestError,
    LoginRefused,
    RemoteError,
)
from factory.guest.command import MINUTE, Output
from factory.guest.guest import Guest, run_checked
from factory.guest.powershell import Value
from factory.remote.winrm import make_folder
from factory.remote.winrm_errors import ShellQuota, WinRmFault
from factory.windows.answers import NoAnswerError, answer_of, moment
from factory.windows.errors import SysprepFailed
from factory.windows.failure import diagnose
from factory.windows.probe import SCRIPTS, script
from factory.windows.sysprep import Limits, Observation, Progress, State, advance, latest_message
from factory.windows.sysprep_log import errors_in, message_of, this_run

TASK = "golden-sysprep"
MOST_LINES = 400
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
LOOK_SECONDS = 60.0
_DIAGNOSED = 60

_MAY_PASS = (DeadlineExceeded, LoginRefused, RemoteError, ShellQuota, WinRmFault)
"""Beside what is transient anyway: a busy or half-way system refuses in many ways."""

Door = Callable[[], AbstractAsyncContextManager[Guest]]
"""Opens a new session each time: one that was open while Sysprep works may be dead and not know it."""


@dataclass(frozen=True)
class Job:
    """What Sysprep needs: the machine's name for errors, the administrator, and the factory's folder."""

    machine: str
    run_id: str
    user: str
    password: SecretStr
    folder: str
    limits: Limits = field(default_factory=Limits)


class SysprepRun(BaseModel):
    """A run of Sysprep that succeeded. `log` is this run's part; `complaints` are errors that it survived."""

    model_config = ConfigDict(frozen=True)

    began: datetime
    last: Observation
    log: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()


@dataclass
class _Watch:
    """One watch over a run of Sysprep."""

    door: Door
    job: Job
    tell: Callable[[str], None]
    keep: Callable[[list[str]], object]
    clock: Clock
    progress: Progress
    local: datetime
    said: str = ""

    async def until_the_end(self) -> SysprepRun:
        started = self.clock.monotonic()
        pause = SHORTEST_PAUSE
        while not self.progress.state.final:
            await self.clock.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
            look = await self.look()
            self.progress = advance(self.progress, look, self.clock.monotonic() - started, self.job.limits)
            self.report()
        log = this_run(self.progress.log, self.local)
        self.keep(log)
        if self.progress.state is not State.SUCCEEDED or self.progress.last is None:
            raise failure_of(self.job.machine, self.progress, self.local)
        complaints = tuple(message_of(line) for line in errors_in(log))
        return SysprepRun(
            began=self.progress.began, last=self.progress.last, log=tuple(log), complaints=complaints
        )

    async def look(self) -> Observation | str:
        """What a new session sees, or why it sees nothing."""
        seen = self.progress.last.lines if self.progress.last else 0
        parameters: dict[str, Value] = {"Folder": self.job.folder, "From": seen, "Most": MOST_LINES}
        try:
            async with self.door() as guest:
                output = await guest.run(script("observe_sysprep", parameters, timeout=LOOK_SECONDS))
            return _observation(output)
        except (GuestError, NoAnswerError) as error:
            if isinstance(error, GuestError) and not _passing(error):
                raise
            return str(getattr(error, "message", error))

    def report(self) -> None:
        """Tell each new thing once."""
        progress = self.progress
        said = progress.lost or (latest_message(progress.last.new) if progress.last else "")
        text = f"{progress.state}: {said or progress.seen}"
        if text != self.said:
            self.tell(text)
            self.said = text


async def run_sysprep(
    door: Door,
    job: Job,
    *,
    tell: Callable[[str], None] = lambda _text: None,
    keep: Callable[[list[str]], object] = lambda _log: None,
    clock: Clock | None = None,
) -> SysprepRun:
    """Generalize the guest, within the deadline.

    `tell` gets the progress, `keep` this run's part of the log, also when it failed. Raises SysprepFailed,
    and what the door raises before the start.
    """
    clock = clock or SystemClock()
    async with door() as guest:
        before = await _prepare(guest, job)
        start = {"Task": TASK, "Script": f"{job.folder}\\run_sysprep.ps1", "User": job.user}
        start["Arguments"] = f'-Folder "{job.folder}"'
        secret = (job.password.get_secret_value() + "\n").encode()
        with contextlib.suppress(ConnectionLost):  # it may have started: the looks will tell
            await run_checked(guest, script("start_task", start, stdin=secret, timeout=2 * MINUTE))
    progress = Progress(began=moment(before["time"]), boot=moment(before["boot"]))
    watch = _Watch(door, job, tell, keep, clock, progress, datetime.fromisoformat(before["local"]))
    done = await watch.until_the_end()
    async with door() as guest:
        await _clean(guest, job)
    return done


def failure_of(machine: str, progress: Progress, local: datetime) -> SysprepFailed:
    """Why it did not work, by this run's part of the log: the known causes, or the last errors."""
    act = this_run(progress.log, local)
    err = this_run(progress.last.errors if progress.last else (), local)
    shown = [*errors_in(act), *(line for line in errors_in(err) if line not in act)][-_DIAGNOSED:]
    matches = diagnose(act, hung=True) if progress.state is State.HUNG else diagnose(shown)
    remedy = "; ".join(dict.fromkeys(match.remedy for match in matches))
    suspects = act[-1:] if progress.state is State.HUNG else shown
    return SysprepFailed(
        machine,
        str(progress.state),
        progress.reason,
        causes=[match.cause for match in matches],
        lines=[match.line for match in matches] or [message_of(line) for line in shown[-10:]],
        remedy=remedy or _general_remedy(progress, " ".join(suspects)),
    )


def _general_remedy(progress: Progress, said: str) -> str:
    if progress.state is State.UNREACHABLE:
        return "look at the clone's boot diagnostics; the source was not touched, run again"
    if progress.interrupted:
        return (
            "find what restarts the machine (the recipe's scripts, its update agent, System event 1074), and "
            "restart it in a step with reboot: true; the source was not touched"
        )
    where = "the whole log is sysprep-log.json in the run record"
    library = re.search(r"[\w.-]+\.dll\b", said)
    if library is None:
        return f"no known failure: {where}"
    return (
        f"no known failure: look at what belongs to {library[0]} on the source (its service, its feature, "
        f"who installed it); {where}"
    )


def _observation(output: Output) -> Observation:
    if output.status != 0:
        raise NoAnswerError(f"the look failed: {output.stderr.strip()[-200:] or output.status}")
    return Observation.model_validate(answer_of(output.stdout))


def _passing(error: GuestError) -> bool:
    """Whether a look may fail like this while Sysprep works, and the next one succeed."""
    return error.transient or isinstance(error, _MAY_PASS)


async def _prepare(guest: Guest, job: Job) -> Mapping[str, str]:
    await run_checked(guest, make_folder(job.folder))
    await guest.put(
        f"{job.folder}\\run_sysprep.ps1", b"\xef\xbb\xbf" + (SCRIPTS / "run_sysprep.ps1").read_bytes()
    )
    parameters: dict[str, Value] = {"Folder": job.folder, "Run": job.run_id}
    output = await run_checked(guest, script("prepare_sysprep", parameters))
    before: Mapping[str, str] = answer_of(output.stdout)
    return before


async def _clean(guest: Guest, job: Job) -> None:
    """Take task, scripts and markers away; FactoryError when something of them stays."""
    output = await run_checked(
        guest, script("clean_sysprep", {"Folder": job.folder, "AdminName": job.user}, timeout=2 * MINUTE)
    )
    left = answer_of(output.stdout)
    if left["tasks"] or left["folder"]:
        raise FactoryError(
            f"{job.machine}: Sysprep's task or scripts could not be removed: {left}",
            remedy="the clone is thrown away; run again",
        )
