"""Windows Update, bounded: rounds of search, download and install, restarts between them, until none is left.

A round runs as a scheduled task of SYSTEM, because the update agent refuses to install over WinRM.
"""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, ValidationError

from factory.clock import Clock
from factory.errors import DeadlineExceeded, GuestError
from factory.guest.command import MINUTE
from factory.guest.guest import run_checked
from factory.guest.powershell import Value
from factory.remote.winrm import make_folder
from factory.windows.answers import answer_of
from factory.windows.errors import UpdatesFailed
from factory.windows.probe import SCRIPTS, script
from factory.windows.sysprep_run import Door

ROUNDS = 8
"""Updates bring updates; more rounds than this are no progress."""
TASK = "golden-updates"
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
CONFIRMATIONS = 3
"""Looks in a row that must show a task that neither runs nor has a result before it counts as stopped."""
_STOPPED = "something restarted the machine or stopped the task"


class Round(BaseModel):
    """What one round found and did, by title."""

    model_config = ConfigDict(frozen=True)

    found: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    reboot: bool = False
    error: str | None = None
    finished: bool = False


async def install_updates(
    door: Door,
    *,
    machine: str,
    folder: str,
    reboot: Callable[[], Awaitable[None]],
    seconds: float,
    clock: Clock,
    tell: Callable[[str], None] = lambda _text: None,
) -> list[Round]:
    """Install what Windows Update offers until it offers nothing; the rounds, listed.

    Raises UpdatesFailed, or DeadlineExceeded after `seconds`.
    """
    ends = clock.monotonic() + seconds
    rounds: list[Round] = []
    while len(rounds) < ROUNDS:
        done = await _round(door, machine, folder, ends=ends, seconds=seconds, clock=clock)
        rounds.append(done)
        if done.error or done.failed:
            raise UpdatesFailed(machine, done.error or "updates were not installed", list(done.failed))
        if not done.found:
            return rounds
        tell(f"installed {', '.join(done.installed)}")
        if done.reboot:
            await reboot()
    raise UpdatesFailed(machine, f"after {ROUNDS} rounds there are still more", list(rounds[-1].found))


async def _round(
    door: Door, machine: str, folder: str, *, ends: float, seconds: float, clock: Clock
) -> Round:
    result = f"{folder}\\updates.json"
    name = f"{folder}\\install_updates.ps1"
    async with door() as guest:
        await run_checked(guest, make_folder(folder))
        await guest.put(name, b"\xef\xbb\xbf" + (SCRIPTS / "install_updates.ps1").read_bytes())
        await guest.put(result, b"{}")
        start: dict[str, Value] = {"Task": TASK, "Script": name, "Arguments": f'-Result "{result}"'}
        await run_checked(guest, script("start_task", start, timeout=2 * MINUTE))
    last, pause, ended = "the round has begun", SHORTEST_PAUSE, 0
    while clock.monotonic() < ends:
        await clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
        try:
            async with door() as guest:
                look = script("read_result", {"Path": result, "Task": TASK})
                answer = answer_of((await run_checked(guest, look)).stdout)
            done = Round.model_validate_json(answer["result"] or "{}")
        except (GuestError, ValidationError, ValueError) as error:
            last = str(error)
            continue
        if done.finished:
            return done
        last = f"task {answer['state']}"
        ended = 0 if answer["state"] in ("Running", "Queued") else ended + 1
        if ended == CONFIRMATIONS:
            raise UpdatesFailed(
                machine, f"the task ended without a result (its state is {answer['state']}): {_STOPPED}", []
            )
    raise DeadlineExceeded(machine, "Windows Update", seconds, last_state=last)
