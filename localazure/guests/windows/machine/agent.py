"""The guest agent: reports, and runs the scripts of Run Command as SYSTEM, one process each."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from dataclasses import asdict
from typing import Any

from localazure.guests.base import AgentReport, ExtensionGoal, ExtensionStatus
from localazure.guests.windows.machine.baseline import AGENT_VERSION
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.programs import start

MANAGED, ACTION = "Microsoft.CPlat.Core.RunCommandHandlerWindows", "Microsoft.CPlat.Core.RunCommandWindows"
VERSION = "2.0.13"
_POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
_TAIL = 4096
_LONGEST = 5400
_STATE = r"HKLM\SOFTWARE\Microsoft\Windows Azure\HandlerState"


def read_report(machine: Machine) -> AgentReport:
    """What the agent has said since power-on."""
    agent = machine.agent
    service = machine.service("WindowsAzureGuestAgent")
    running = machine.up.is_set() and service is not None and service["status"] == "Running"
    if running:
        agent.seen = time.time()
    seen = agent.seen is not None
    return AgentReport(
        provisioning=agent.provisioning,  # type: ignore[arg-type]  # one of the two words
        provisioning_detail=agent.detail,
        agent_version=AGENT_VERSION if seen else None,
        agent_status=("Ready" if running else "Not Ready") if seen else None,
        agent_seen=agent.seen,
        os_name=machine.os["caption"] if seen else None,
        os_version=f"10.0.{machine.os['build']}.{machine.os['revision']}" if seen else None,
        computer_name=machine.computer_name if seen else None,
        extensions={name: ExtensionStatus(**status) for name, status in list(agent.statuses.items())},
    )


def set_goals(machine: Machine, goals: list[ExtensionGoal]) -> None:
    """Take a new goal state; what has a new sequence is run."""
    agent = machine.agent
    names = {goal.name for goal in goals}
    for gone in set(agent.statuses) - names:
        agent.statuses.pop(gone, None)
    agent.goals = {goal.name: goal for goal in goals}
    for goal in goals:
        before = agent.statuses.get(goal.name)
        if before is None or before["sequence"] != goal.sequence:
            agent.statuses[goal.name] = _status(goal, status="transitioning", execution_state=None)
            threading.Thread(
                target=_run, args=(machine, goal), name=f"agent-{goal.name}", daemon=True
            ).start()


def _status(goal: ExtensionGoal, **more: Any) -> dict[str, Any]:
    status = ExtensionStatus(
        goal.name, _handler(goal), VERSION, "Ready", sequence=goal.sequence, operation="Enable"
    )
    return {**asdict(status), **more}


def _handler(goal: ExtensionGoal) -> str:
    return ACTION if goal.name in ("RunCommandWindows", "RunCommandLinux") else MANAGED


def _install(machine: Machine, handler: str) -> str:
    """The traces that a handler leaves: its folder and its key."""
    folder = f"C:\\Packages\\Plugins\\{handler}\\{VERSION}"
    with machine.lock:
        for part in ("Status", "Downloads", "RuntimeSettings"):
            machine.files.make_directory(f"{folder}\\{part}")
        machine.registry.set(f"{_STATE}\\{handler}_{VERSION}", "State", "Enabled")
    return folder


def _run(machine: Machine, goal: ExtensionGoal) -> None:
    while not machine.up.wait(0.2):
        if machine.off.is_set():
            return
    began = _now()
    machine.agent.statuses[goal.name] = _status(
        goal, status="transitioning", execution_state="Running", started=began
    )
    handler = _handler(goal)
    folder = _install(machine, handler)
    script = f"{folder}\\Downloads\\script{goal.sequence}.ps1"
    machine.files.write_text(script, str((goal.public.get("source") or {}).get("script", "")))
    words = ["-ExecutionPolicy", "Unrestricted", "-File", script, *_words(goal)]
    out: list[str] = []
    err: list[str] = []
    root = machine.system_process("RunCommandExtension", f"{folder}\\bin\\RunCommandExtension.exe")
    child = start(
        machine, root, _POWERSHELL, words, out=out.append, err=err.append, directory=f"{folder}\\Downloads"
    )
    seconds = float(goal.public.get("timeoutInSeconds") or _LONGEST)
    late = not child.ended.wait(seconds)
    if late:
        machine.processes.kill(child)
    machine.processes.end(root, 0)
    if machine.files.is_file(script):
        machine.files.remove(script)
    status = child.exit_code or 0
    state = "TimedOut" if late else "Succeeded" if status == 0 else "Failed"
    result = {
        "executionState": state,
        "executionMessage": "Execution timed out" if late else "Execution completed",
        "output": _tail(out),
        "error": _tail(err),
        "exitCode": status,
    }
    machine.agent.statuses[goal.name] = _status(
        goal,
        status="success",
        code=0,
        message=json.dumps(result),
        execution_state=state,
        exit_code=status,
        stdout=result["output"],
        stderr=result["error"],
        started=began,
        ended=_now(),
    )


def _words(goal: ExtensionGoal) -> list[str]:
    given = [
        *(goal.public.get("parameters") or ()),
        *((goal.protected or {}).get("protectedParameters") or ()),
    ]
    words: list[str] = []
    for one in given:
        words += [f"-{one['name']}", str(one["value"])] if one.get("name") else [str(one["value"])]
    return words


def _tail(lines: list[str]) -> str:
    return "\n".join(lines).encode()[-_TAIL:].decode("utf-8", "replace")


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
