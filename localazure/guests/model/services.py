"""The service manager: what systemd is to a machine, as far as services go.

Units are read from their files each time, started in the order of `After=`, and stopped in reverse. Of the
types, oneshot and those that stay in the foreground are known; a Type=forking is taken at its word.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localazure.guests.model import unit_files
from localazure.guests.model.unit_files import Unit, full_name

if TYPE_CHECKING:
    from localazure.guests.model.init import Init

_STOP_SECONDS = 5.0
_SETTLE_SECONDS = 0.005
Answer = tuple[int, str]


@dataclass
class Running:
    """What became of a unit since power-on."""

    unit: Unit
    state: str = "inactive"
    """active, activating, inactive, failed"""
    main: int | None = None
    stopping: bool = False
    result: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Manager:
    """Starts, stops, and knows."""

    def __init__(self, init: Init) -> None:
        self._init = init
        self._known: dict[str, Running] = {}
        self._started: list[str] = []
        self.booted = asyncio.Event()

    # What it does.

    async def start_enabled(self) -> None:
        """What a boot starts, each after those that it asks to come after."""
        names = unit_files.all_enabled()
        units = {name: unit for name in names if (unit := unit_files.load(name))}
        done: set[str] = set()
        while units:
            ready = [n for n, u in units.items() if not _after(u) & (units.keys() - {n})] or list(units)[:1]
            for name in ready:
                await self.start(units.pop(name).name)
                done.add(name)
        self.booted.set()

    async def start(self, name: str) -> Answer:
        """Start a unit and wait until it has started, as systemctl does."""
        unit = unit_files.load(name)
        if unit is None:
            return _not_there(name)
        running = self._known.setdefault(unit.name, Running(unit))
        running.unit = unit
        if running.state == "active" or not _conditions_hold(unit):
            return 0, ""
        running.state, running.stopping = "activating", False
        title = unit.one("Description", unit.name)
        for command in [*unit.all("ExecStartPre"), *self._before_main(unit)]:
            if await self._execute(unit, command) != 0:
                return self._failed(running)
        await self._main(running)
        if running.state == "failed":
            return self._failed(running)
        if unit.name not in self._started:
            self._started.append(unit.name)
        self._init.log(f"[  OK  ] Started {unit.name} - {title}.")
        return 0, ""

    def _before_main(self, unit: Unit) -> list[str]:
        return unit.all("ExecStart") if unit.one("Type", "simple") in ("oneshot", "forking") else []

    async def _main(self, running: Running) -> None:
        unit = running.unit
        if unit.one("Type", "simple") in ("oneshot", "forking"):
            remains = unit.one("RemainAfterExit") in ("yes", "true", "1") or unit.one("Type") == "forking"
            running.state = "active" if remains else "inactive"
            return
        try:
            words = _words(unit.one("ExecStart"))
            running.main = self._init.spawn(words, environment=_environment(unit))
        except (OSError, IndexError):
            running.state, running.result = "failed", 203
            return
        running.state = "active"
        running.ended = asyncio.Event()
        self._init.task(self._follow(running, running.main))
        with contextlib.suppress(TimeoutError):  # what fails at once is told to whoever started it
            await asyncio.wait_for(running.ended.wait(), _SETTLE_SECONDS)

    async def _follow(self, running: Running, pid: int) -> None:
        running.result = await self._init.wait(pid)
        failed = running.result != 0 and not running.stopping
        running.main, running.state = None, "failed" if failed else "inactive"
        running.ended.set()

    async def _execute(self, unit: Unit, command: str) -> int:
        ignored = command.startswith("-")
        status = await self._init.run(_words(command.lstrip("-+!@")), environment=_environment(unit))
        return 0 if ignored else status

    def _failed(self, running: Running) -> Answer:
        name = running.unit.name
        running.state = "failed"
        self._init.log(f"[FAILED] Failed to start {name} - {running.unit.one('Description', name)}.")
        return 1, (
            f"Job for {name} failed because the control process exited with error code.\n"
            f'See "systemctl status {name}" and "journalctl -xeu {name}" for details.\n'
        )

    async def stop(self, name: str) -> Answer:
        """Stop a unit and wait until nothing of it runs."""
        unit = unit_files.load(name)
        running = self._known.get(unit.name if unit else name)
        if unit is None and running is None:
            _, text = _not_there(name)
            return 5, text.replace("Failed to start", "Failed to stop")
        if running is None or running.state != "active":
            return 0, ""
        running.stopping = True
        for command in running.unit.all("ExecStop"):
            await self._execute(running.unit, command)
        if running.main is not None:
            await self._end(running, running.main)
        running.state = "inactive"
        self._init.log(f"[  OK  ] Stopped {running.unit.name} - {running.unit.one('Description')}.")
        self._started = [started for started in self._started if started != running.unit.name]
        return 0, ""

    async def _end(self, running: Running, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(running.ended.wait(), _STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            await running.ended.wait()

    async def stop_all(self) -> None:
        """Stop what was started, the last first."""
        for name in reversed(self._started):
            await self.stop(name)

    # What systemctl asks for.

    async def command(self, words: list[str]) -> Answer:
        """One call of systemctl."""
        options = [word for word in words if word.startswith("-")]
        verb, *names = [word for word in words if not word.startswith("-")] or ["list-units"]
        if verb in ("poweroff", "halt", "reboot"):
            self._init.power("reboot" if verb == "reboot" else "poweroff")
            return 0, ""
        if verb == "is-system-running" and "--wait" in options:
            await self.booted.wait()
        plain = _PLAIN.get(verb)
        if plain is not None:
            return plain(self, options, names)
        each = _EACH.get(verb)
        if each is None:
            return 1, f"Unknown command verb {verb}.\n"
        return await self._each(each, options, [full_name(name) for name in names])

    async def _each(
        self,
        action: Callable[[Manager, list[str], str], Awaitable[Answer]],
        options: list[str],
        names: list[str],
    ) -> Answer:
        if not names:
            return 1, "Too few arguments.\n"
        worst, said = 0, ""
        for name in names:
            status, text = await action(self, options, name)
            worst, said = worst or status, said + text
        return worst, said

    async def _restart(self, _options: list[str], name: str) -> Answer:
        await self.stop(name)
        return await self.start(name)

    async def _try_restart(self, options: list[str], name: str) -> Answer:
        return await self._restart(options, name) if self._state(name) == "active" else (0, "")

    async def _enable(self, options: list[str], name: str) -> Answer:
        unit = unit_files.load(name)
        if unit is None:
            return 1, f"Failed to enable unit: Unit file {name} does not exist.\n"
        said = "".join(f"{line}\n" for line in unit_files.enable(unit))
        status, text = await self.start(name) if "--now" in options else (0, "")
        return status, said + text

    async def _disable(self, options: list[str], name: str) -> Answer:
        if unit_files.find(name) is None:
            return 1, f"Failed to disable unit: Unit file {name} does not exist.\n"
        said = "".join(f"{line}\n" for line in unit_files.disable(name))
        if "--now" in options:
            await self.stop(name)
        return 0, said

    async def _mask(self, options: list[str], name: str) -> Answer:
        if "--now" in options:
            await self.stop(name)
        return 0, "".join(f"{line}\n" for line in unit_files.mask(name))

    async def _unmask(self, _options: list[str], name: str) -> Answer:
        return 0, "".join(f"{line}\n" for line in unit_files.unmask(name))

    async def _is_active(self, options: list[str], name: str) -> Answer:
        state = self._state(name)
        return (0 if state == "active" else 3), _unless_quiet(options, state)

    async def _is_failed(self, options: list[str], name: str) -> Answer:
        state = self._state(name)
        return (0 if state == "failed" else 1), _unless_quiet(options, state)

    async def _is_enabled(self, options: list[str], name: str) -> Answer:
        state = unit_files.state_of(name)
        if not state:
            return 1, f"Failed to get unit file state for {name}: No such file or directory\n"
        good = state in ("enabled", "static", "alias", "indirect", "generated")
        return (0 if good else 1), _unless_quiet(options, state)

    async def _status(self, _options: list[str], name: str) -> Answer:
        unit = unit_files.load(name)
        if unit is None:
            return 4, f"Unit {name} could not be found.\n"
        state = self._state(name)
        text = (
            f"\N{BLACK CIRCLE} {unit.name} - {unit.one('Description', unit.name)}\n"
            f"     Loaded: loaded ({unit.path}; {unit_files.state_of(name)})\n     Active: {state}\n"
        )
        return (0 if state == "active" else 3), text

    async def _cat(self, _options: list[str], name: str) -> Answer:
        unit = unit_files.load(name)
        if unit is None:
            return 1, f"No files found for {name}.\n"
        return 0, f"# {unit.path}\n{unit.path.read_text()}"

    async def _show(self, options: list[str], name: str) -> Answer:
        running = self._known.get(name)
        facts = {
            "Id": name,
            "LoadState": "loaded" if unit_files.load(name) else "not-found",
            "ActiveState": self._state(name),
            "UnitFileState": unit_files.state_of(name),
            "MainPID": str((running and running.main) or 0),
        }
        wanted = [option.partition("=")[2] for option in options if option.startswith(("--property=", "-p="))]
        names = ",".join(wanted).split(",") if wanted else list(facts)
        bare = "--value" in options
        return 0, "".join(f"{'' if bare else n + '='}{facts.get(n, '')}\n" for n in names)

    def _state(self, name: str) -> str:
        unit = unit_files.load(name)
        running = self._known.get(unit.name if unit else name)
        return running.state if running else "inactive"

    def _daemon_reload(self, _options: list[str], _names: list[str]) -> Answer:
        return 0, ""  # files are read each time

    def _is_system_running(self, options: list[str], _names: list[str]) -> Answer:
        failed = any(running.state == "failed" for running in self._known.values())
        state = "starting" if not self.booted.is_set() else "degraded" if failed else "running"
        return (0 if state == "running" else 1), _unless_quiet(options, state)

    def _list_units(self, options: list[str], _names: list[str]) -> Answer:
        states = [o.partition("=")[2] for o in options if o.startswith("--state=")]
        if "--failed" in options:
            states.append("failed")
        wanted = set(",".join(states).split(",")) - {""}
        lines = [
            f"{name} loaded {r.state} {'running' if r.main else r.state} {r.unit.one('Description', name)}\n"
            for name, r in sorted(self._known.items())
            if (r.state in wanted if wanted else r.state != "inactive")
        ]
        return 0, "".join(lines)

    def _list_unit_files(self, _options: list[str], _names: list[str]) -> Answer:
        names = {p.name for folder in unit_files.FOLDERS for p in folder.glob("*.service")}
        return 0, "".join(f"{name} {unit_files.state_of(name)}\n" for name in sorted(names))

    def _get_default(self, _options: list[str], _names: list[str]) -> Answer:
        return 0, "multi-user.target\n"

    def _reset_failed(self, _options: list[str], names: list[str]) -> Answer:
        for name, running in self._known.items():
            if running.state == "failed" and (not names or name in map(full_name, names)):
                running.state = "inactive"
        return 0, ""


_PLAIN: dict[str, Callable[[Manager, list[str], list[str]], Answer]] = {
    "daemon-reload": Manager._daemon_reload,
    "daemon-reexec": Manager._daemon_reload,
    "is-system-running": Manager._is_system_running,
    "list-units": Manager._list_units,
    "list-unit-files": Manager._list_unit_files,
    "get-default": Manager._get_default,
    "reset-failed": Manager._reset_failed,
}
_EACH: dict[str, Callable[[Manager, list[str], str], Awaitable[Answer]]] = {
    "start": lambda manager, _options, name: manager.start(name),
    "stop": lambda manager, _options, name: manager.stop(name),
    "restart": Manager._restart,
    "reload-or-restart": Manager._restart,
    "reload": Manager._try_restart,
    "try-restart": Manager._try_restart,
    "enable": Manager._enable,
    "disable": Manager._disable,
    "mask": Manager._mask,
    "unmask": Manager._unmask,
    "is-active": Manager._is_active,
    "is-failed": Manager._is_failed,
    "is-enabled": Manager._is_enabled,
    "status": Manager._status,
    "cat": Manager._cat,
    "show": Manager._show,
}


def _after(unit: Unit) -> set[str]:
    return set(" ".join(unit.all("After")).split())


def _words(command: str) -> list[str]:
    return shlex.split(command)


def _environment(unit: Unit) -> dict[str, str]:
    pairs = (word.partition("=") for line in unit.all("Environment") for word in shlex.split(line))
    return {name: value for name, _, value in pairs}


def _conditions_hold(unit: Unit) -> bool:
    for path in unit.all("ConditionPathExists"):
        wanted = not path.startswith("!")
        if Path(path.lstrip("!|")).exists() is not wanted:
            return False
    return True


def _unless_quiet(options: list[str], text: str) -> str:
    return "" if {"-q", "--quiet"} & set(options) else f"{text}\n"


def _not_there(name: str) -> Answer:
    path = unit_files.find(name)
    if path is not None:
        return 1, f"Failed to start {name}: Unit {name} is masked.\n"
    return 5, f"Failed to start {name}: Unit {name} not found.\n"
