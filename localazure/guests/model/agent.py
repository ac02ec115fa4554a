"""The agent's side of Run Command: runs scripts as the real handler does, where an agent runs.

The agent itself is a program of the machine, `waagent -daemon`: it provisions, and its process is the sign of
life. What Azure's fabric would tell it arrives here, and waits until there is one.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localazure.guests.model.logins import process_of

if TYPE_CHECKING:
    from localazure.guests.model.init import Init

TAIL = 4096
DEFAULT_TIMEOUT = 5400
PULSE_SECONDS = 1.0
STATE = Path("/var/lib/waagent")


def now() -> str:
    """Tell the time as Azure writes it."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017 - loaded


class Agent:
    """Knows the goals, runs what is new in them."""

    def __init__(self, init: Init) -> None:
        self._init = init
        self._goals: list[dict[str, Any]] = []
        self._begun: set[tuple[str, int]] = set()
        self._alive = False

    @property
    def alive(self) -> bool:
        """An agent's process runs, and has provisioned this machine."""
        return process_of("waagent", "-daemon") is not None and (STATE / "provisioned").exists()

    async def watch(self) -> None:
        """Look for the agent's process, and tell the yard when it comes or goes."""
        while True:
            self.look()
            await asyncio.sleep(PULSE_SECONDS)

    def look(self) -> None:
        """See whether there is an agent; one that has just come learns what is wanted."""
        alive = self.alive
        if alive != self._alive:
            self._alive = alive
            self._init.tell(event="agent", alive=alive, computer=socket.gethostname(), **_release())
        if alive:
            self._begin()

    def want(self, goals: list[dict[str, Any]]) -> None:
        """Take a new goal state."""
        self._goals = goals
        self.look()

    def _begin(self) -> None:
        for goal in self._goals:
            key = (goal["name"], int(goal["sequence"]))
            if key not in self._begun and goal.get("state", "enabled") == "enabled":
                self._begun.add(key)
                self._init.task(self._attempt(goal))

    async def _attempt(self, goal: dict[str, Any]) -> None:
        """Run one command; what prevents it is reported as its failure."""
        folder = STATE / f"{goal['handler']}-{goal['version']}"
        for name in ("config", "status", "bin"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        status = folder / "status" / f"{goal['name']}.{goal['sequence']}.status"
        if status.exists():  # it ended in an earlier boot: the agent does nothing twice
            self._init.tell(**json.loads(status.read_text()))
            return
        try:
            if not (goal["public"].get("source") or {}).get("script"):
                raise ValueError("source.script is required: nothing can be downloaded from here")
            if goal["public"].get("runAsUser"):
                raise ValueError("runAsUser is not supported here")
            self._report(goal, "transitioning", {"executionState": "Running", "startTime": now()}, 0)
            said = self._report(goal, *await self._run(goal))
        except Exception as error:  # whatever it is, the caller must hear of it
            why = {
                "executionState": "Failed",
                "executionMessage": str(error),
                "error": str(error),
                "exitCode": -1,
            }
            said = self._report(goal, "error", why, 1)
        if folder.is_dir():
            status.write_text(json.dumps(said))

    def _report(self, goal: dict[str, Any], status: str, result: dict[str, Any], code: int) -> dict[str, Any]:
        said = {
            "event": "extension",
            "name": goal["name"],
            "handler": goal["handler"],
            "version": goal["version"],
            "sequence": goal["sequence"],
            "status": status,
            "code": code,
            "result": result,
        }
        self._init.tell(**said)
        return said

    async def _run(self, goal: dict[str, Any]) -> tuple[str, dict[str, Any], int]:
        public, protected = goal["public"], goal.get("protected") or {}
        parameters = [*public.get("parameters", ()), *protected.get("protectedParameters", ())]
        begun = now()
        script = os.memfd_create("script", 0)
        os.write(script, public["source"]["script"].encode())
        out, err = Tail(), Tail()
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            pid = self._init.spawn(
                _command(public["source"]["script"], f"/proc/self/fd/{script}", parameters),
                environment={p["name"]: str(p.get("value", "")) for p in parameters if p.get("name")},
                streams=(null, out.end, err.end, script),
            )
        finally:
            for descriptor in (null, script, out.end, err.end):
                os.close(descriptor)
        code, timed_out = await self._end(pid, int(public.get("timeoutInSeconds") or DEFAULT_TIMEOUT))
        state = "TimedOut" if timed_out else "Succeeded" if code == 0 else "Failed"
        result = {
            "executionState": state,
            "executionMessage": "Execution timed out" if timed_out else "Execution completed",
            "output": await out.text(),
            "error": await err.text(),
            "exitCode": code,
            "startTime": begun,
            "endTime": now(),
        }
        failed = state != "Succeeded" and public.get("treatFailureAsDeploymentFailure", False)
        return ("error" if failed else "success"), result, (code if failed else 0)

    async def _end(self, pid: int, seconds: int) -> tuple[int, bool]:
        ending = asyncio.ensure_future(self._init.wait(pid))
        done, _ = await asyncio.wait({ending}, timeout=seconds)
        if not done:
            os.killpg(pid, signal.SIGKILL)
        return await ending, not done


def _command(script: str, path: str, parameters: list[dict[str, Any]]) -> list[str]:
    words = [str(p.get("value", "")) for p in parameters if not p.get("name")]
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    return [path, *words] if script.startswith("#!") else [shell, path, *words]


def _release() -> dict[str, str]:
    found = {}
    for line in Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        found[name] = value.strip('"')
    return {"os_name": found.get("ID", ""), "os_version": found.get("VERSION_ID", "")}


class Tail:
    """Reads a pipe to its end and keeps the last bytes; `end` is for the writer."""

    def __init__(self) -> None:
        self._descriptor, self.end = os.pipe()
        self.kept = b""
        self._done = asyncio.Event()
        os.set_blocking(self._descriptor, False)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        try:
            chunk = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if chunk:
            self.kept = (self.kept + chunk)[-TAIL:]
        else:
            self._close()

    def _close(self) -> None:
        if not self._done.is_set():
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._done.set()

    async def text(self) -> str:
        """What was kept; a child left in the background may hold the stream open for ever."""
        try:
            await asyncio.wait_for(self._done.wait(), 1.0)
        except TimeoutError:
            self._close()
        return self.kept.decode("utf-8", "replace")


assert time  # noqa: S101 - loaded before the machine's root is entered
