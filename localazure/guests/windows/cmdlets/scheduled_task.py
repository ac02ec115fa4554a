"""Scheduled tasks. One that runs is a process of its own, in nobody's job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.process import SYSTEM, Token
from localazure.guests.windows.machine.users import nt_hash
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import Enumerated, Lazy, PSObject, Value
from localazure.guests.windows.programs import find_file, start
from localazure.guests.windows.programs.cmd import split_words

_STATES = {"Unknown": 0, "Disabled": 1, "Queued": 2, "Ready": 3, "Running": 4}
_SYSTEM_NAMES = ("system", "nt authority\\system", "s-1-5-18", "localsystem")
NEVER_RUN, RUNNING = 0x41303, 0x41301


def shown(task: dict[str, Any]) -> PSObject:
    """A MSFT_ScheduledTask."""
    principal = PSObject(
        "CimInstance", {"UserId": task["user"], "RunLevel": task["level"], "LogonType": task["logon"]}
    )
    action = PSObject(
        "CimInstance",
        {"Execute": task["execute"], "Arguments": task["arguments"], "WorkingDirectory": task["directory"]},
    )
    return PSObject(
        "Microsoft.Management.Infrastructure.CimInstance#Root/Microsoft/Windows/TaskScheduler/MSFT_ScheduledTask",
        {
            "TaskName": task["name"],
            "TaskPath": "\\",
            "State": Lazy(lambda: Enumerated(task["state"], _STATES[task["state"]])),
            "URI": f"\\{task['name']}",
            "Principal": principal,
            "Actions": [action],
            "Author": "",
            "Description": task["description"],
            "Triggers": [],
            "Settings": PSObject("CimInstance", {"Enabled": task["state"] != "Disabled"}),
        },
        shown=("TaskPath", "TaskName", "State"),
    )


@cmdlet("New-ScheduledTaskAction", "Execute:0 Argument:1 WorkingDirectory:2 Id")
def new_action(call: Call) -> Iterator[Value]:
    """Say what a task does."""
    yield PSObject(
        "Microsoft.Management.Infrastructure.CimInstance#MSFT_TaskExecAction",
        {
            "Execute": call.text("Execute"),
            "Arguments": call.text("Argument"),
            "WorkingDirectory": call.text("WorkingDirectory"),
        },
    )


@cmdlet(
    "New-ScheduledTaskSettingsSet",
    "ExecutionTimeLimit AllowStartIfOnBatteries:switch DontStopIfGoingOnBatteries:switch StartWhenAvailable:switch MultipleInstances Priority RestartCount RestartInterval Hidden:switch Compatibility WakeToRun:switch DontStopOnIdleEnd:switch Disable:switch",
)
@cmdlet(
    "New-ScheduledTaskTrigger",
    "Once:switch At AtStartup:switch AtLogOn:switch Daily:switch RandomDelay RepetitionInterval RepetitionDuration User",
)
@cmdlet("New-ScheduledTaskPrincipal", "UserId:0 LogonType RunLevel GroupId Id ProcessTokenSidType")
def new_part(call: Call) -> Iterator[Value]:
    """Say how, when or as whom a task runs."""
    yield PSObject(
        f"Microsoft.Management.Infrastructure.CimInstance#{call.name[18:]}",
        dict(call.arguments.items()),
        closed=False,
    )


@cmdlet(
    "Register-ScheduledTask",
    "TaskName:0 Action Settings Trigger User Password Principal RunLevel Force:switch Description TaskPath InputObject:pipe Xml",
)
def register(call: Call) -> Iterator[Value]:
    """Make a task; with a password the account must be right, and may log on."""
    name = call.text("TaskName").lstrip("\\")
    tasks = call.machine.document["tasks"]
    if name.lower() in tasks and not call.flag("Force"):
        raise call.fail(
            "Cannot create a file when that file already exists.",
            kind="Microsoft.Management.Infrastructure.CimException",
            category="ResourceExists",
            identifier="HRESULT 0x800700b7",
        )
    principal = call.get("Principal")
    user = call.text("User")
    level, logon = call.text("RunLevel", "Limited"), "Password" if call.has("Password") else "Interactive"
    if isinstance(principal, PSObject):
        user = to_string(principal.get("UserId"))
        level = to_string(principal.get("RunLevel")) or level
        logon = to_string(principal.get("LogonType")) or logon
    user = user or call.shell.process.token.user
    _check_user(call, user, call.text("Password") if call.has("Password") else None)
    action = to_list(call.get("Action"))[0]
    with call.machine.lock:
        tasks[name.lower()] = {
            "name": name,
            "user": "SYSTEM" if user.lower() in _SYSTEM_NAMES else user.rpartition("\\")[2],
            "level": level,
            "logon": logon,
            "execute": to_string(action.get("Execute")),
            "arguments": to_string(action.get("Arguments")),
            "directory": to_string(action.get("WorkingDirectory")),
            "description": call.text("Description"),
            "state": "Ready",
            "result": NEVER_RUN,
            "last": None,
        }
        call.machine.files.write_bytes(f"C:\\Windows\\System32\\Tasks\\{name}", b"")
        call.machine.changed()
    yield shown(tasks[name.lower()])


def _check_user(call: Call, user: str, password: str | None) -> None:
    if user.lower() in _SYSTEM_NAMES:
        return
    account = call.machine.users.get(user)
    if account is None:
        raise call.fail(
            "No mapping between account names and security IDs was done.",
            kind="Microsoft.Management.Infrastructure.CimException",
            category="NotSpecified",
            identifier="HRESULT 0x80070534",
        )
    if password is not None and account["password_hash"] != nt_hash(password):
        raise call.fail(
            "The user name or password is incorrect.",
            kind="Microsoft.Management.Infrastructure.CimException",
            category="AuthenticationError",
            identifier="HRESULT 0x8007052e",
        )


def _tasks(call: Call, *, quiet: bool = False) -> Iterator[dict[str, Any]]:
    given = call.get("InputObject")
    names = (
        [to_string(given.get("TaskName"))]
        if isinstance(given, PSObject)
        else [n.lstrip("\\") for n in call.texts("TaskName")] or ["*"]
    )
    for name in names:
        expression = wildcard(name)
        found = [
            one for one in list(call.machine.document["tasks"].values()) if expression.fullmatch(one["name"])
        ]
        if not found and "*" not in name and not quiet:
            call.report(
                call.fail(
                    f"No MSFT_ScheduledTask objects found with property 'TaskName' equal to '{name}'.  Verify the value of the property and retry.",
                    kind="Microsoft.PowerShell.Cmdletization.Cim.CimJobException",
                    category="ObjectNotFound",
                    identifier="CmdletizationQuery_NotFound_TaskName",
                    target=name,
                )
            )
        yield from found


@cmdlet("Get-ScheduledTask", "TaskName:0:prop TaskPath InputObject:pipe")
def get_task(call: Call) -> Iterator[Value]:
    """Tell tasks."""
    for task in _tasks(call):
        yield shown(task)


@cmdlet("Get-ScheduledTaskInfo", "TaskName:0:prop TaskPath InputObject:pipe")
def get_task_info(call: Call) -> Iterator[Value]:
    """Tell how tasks went."""
    for task in _tasks(call):
        yield PSObject(
            "Microsoft.Management.Infrastructure.CimInstance#MSFT_TaskDynamicInfo",
            {
                "TaskName": task["name"],
                "TaskPath": "\\",
                "LastTaskResult": task["result"],
                "LastRunTime": task["last"],
                "NumberOfMissedRuns": 0,
                "NextRunTime": None,
            },
        )


@cmdlet("Unregister-ScheduledTask", "TaskName:0:prop TaskPath InputObject:pipe")
def unregister(call: Call) -> Iterator[Value]:
    """Remove tasks."""
    for task in list(_tasks(call)):
        with call.machine.lock:
            call.machine.document["tasks"].pop(task["name"].lower(), None)
            path = f"C:\\Windows\\System32\\Tasks\\{task['name']}"
            if call.machine.files.is_file(path):
                call.machine.files.remove(path)
            call.machine.changed()
    yield from ()


@cmdlet("Start-ScheduledTask", "TaskName:0:prop TaskPath InputObject:pipe")
def start_task(call: Call) -> Iterator[Value]:
    """Run tasks now."""
    for task in _tasks(call):
        if task["state"] != "Running":
            run(call.machine, task)
    yield from ()


@cmdlet("Stop-ScheduledTask", "TaskName:0:prop TaskPath InputObject:pipe")
def stop_task(call: Call) -> Iterator[Value]:
    """End tasks that run."""
    for task in _tasks(call):
        for process in [p for p in list(call.machine.processes.all.values()) if p.job == job_of(task)]:
            call.machine.processes.kill(process)
    yield from ()


@cmdlet("Disable-ScheduledTask", "TaskName:0:prop TaskPath InputObject:pipe")
@cmdlet("Enable-ScheduledTask", "TaskName:0:prop TaskPath InputObject:pipe")
def enable_task(call: Call) -> Iterator[Value]:
    """Switch tasks on or off."""
    for task in _tasks(call):
        task["state"] = "Ready" if call.name.startswith("Enable") else "Disabled"
        call.machine.changed()
        yield shown(task)


def job_of(task: dict[str, Any]) -> str:
    """The job of a task's processes: the scheduler's, not a shell's."""
    return f"task:{task['name']}"


def token_of(machine: Machine, task: dict[str, Any]) -> Token | None:
    """Who a task runs as; None when its account is gone or may not log on."""
    if task["user"] == "SYSTEM":
        return SYSTEM
    account = machine.users.get(task["user"])
    if account is None or not account["enabled"]:
        return None
    token = machine.token_of(account, network=False)
    return token if task["level"].lower() == "highest" else Token(token.user, token.sid, elevated=False)


def run(machine: Machine, task: dict[str, Any]) -> None:
    """Start a task's process."""
    token = token_of(machine, task)
    task["last"] = machine.clock.stamp()
    if token is None:
        task["result"] = 0x8007052E
        return
    root = machine.spawn(
        "svchost",
        r"C:\Windows\System32\svchost.exe",
        token,
        job=job_of(task),
        directory=r"C:\Windows\System32",
    )
    path = find_file(machine, root, task["execute"])
    if path is None:
        machine.processes.end(root, 0)
        task["result"] = 0x80070002
        return
    task |= {"state": "Running", "result": RUNNING}
    child = start(
        machine,
        root,
        path,
        split_words(task["arguments"]),
        out=lambda _: None,
        err=lambda _: None,
        line=task["arguments"],
        job=job_of(task),
    )

    def ended() -> None:
        child.ended.wait()
        machine.processes.end(root, 0)
        task["result"] = child.exit_code or 0
        if task["state"] == "Running":
            task["state"] = "Ready"
        machine.changed()

    import threading  # noqa: PLC0415 - used here alone

    threading.Thread(target=ended, daemon=True).start()
