"""Scripts for the guest's agent: as documents, as goals for the machine, as what the agent reported of them.

A script travels as an extension: a new goal state names it with a sequence number, the agent fetches and runs
it and reports the same number back. Nothing here reaches into the guest by another way.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import ArmError, not_implemented
from localazure.compute import errors, machines
from localazure.compute.patience import limit
from localazure.guests.base import ExtensionGoal, ExtensionStatus, GuestError

if TYPE_CHECKING:
    from localazure.arm.ids import ResourceId
    from localazure.arm.store import Document
    from localazure.arm.world import World

RUN_COMMANDS = "Microsoft.Compute/virtualMachines/runCommands"
ACTION_NAME = "RunCommandLinux"
"""The `runCommand` action's script travels under this name (assumed: Azure has an extension of this type)."""
WINDOWS_ACTION_NAME = "RunCommandWindows"
ACTIONS = {"Linux": ("RunShellScript", ACTION_NAME), "Windows": ("RunPowerShellScript", WINDOWS_ACTION_NAME)}
"""Of each system: the command of the action, and the name that its script travels under."""
POLL_SECONDS = 0.05
REBOOT_SECONDS = 10.0
"""A machine that is down for longer was not just rebooting."""
LONGEST_SECONDS = 90 * 60  # documented: a run command may take 90 minutes
_SOURCES_ELSEWHERE = ("scriptUri", "commandId", "galleryScriptReferenceId")
_SETTINGS_ELSEWHERE = (
    "runAsUser",
    "runAsPassword",
    "outputBlobUri",
    "errorBlobUri",
    "outputBlobManagedIdentity",
    "errorBlobManagedIdentity",
)


def read_properties(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Check a run command's properties: what is shown of it, and the protected part that never is."""
    source = given.get("source")
    if not isinstance(source, dict):
        raise errors.missing_parameter("properties.source")
    for name in _SOURCES_ELSEWHERE:
        if source.get(name):
            raise not_implemented(f"run commands whose source is {name}")
    script = source.get("script")
    if not isinstance(script, str) or not script.strip():
        raise errors.missing_parameter("properties.source.script")
    for name in _SETTINGS_ELSEWHERE:
        if given.get(name):
            raise not_implemented(f"run commands with {name}")
    timeout = given.get("timeoutInSeconds", 0) or 0
    if not isinstance(timeout, int) or not 0 <= timeout <= LONGEST_SECONDS:
        raise errors.out_of_range("timeoutInSeconds", timeout, 0, LONGEST_SECONDS)
    shown = {
        "source": {"script": script},
        "parameters": _parameters(given.get("parameters")),
        "asyncExecution": bool(given.get("asyncExecution", False)),
        "timeoutInSeconds": timeout,
        "treatFailureAsDeploymentFailure": bool(given.get("treatFailureAsDeploymentFailure", False)),
    }
    if not shown["parameters"]:
        del shown["parameters"]
    secret = _parameters(given.get("protectedParameters"))
    return shown, {"protectedParameters": secret} if secret else None


def _parameters(given: Any) -> list[dict[str, Any]]:
    for one in given or []:
        if not isinstance(one, dict) or not one.get("name") or "value" not in one:
            raise errors.invalid_parameter(
                "The value of parameter parameters is invalid.", target="parameters"
            )
    return list(given or [])


def next_sequence(world: World, vm: ResourceId, name: str) -> int:
    """A number that the agent has not seen under this name; it outlives the command, with the machine."""
    doc = world.store.get(vm)
    if doc is None:
        raise errors.preempted()
    kept = doc.setdefault("_sequences", {})
    kept[name.lower()] = kept.get(name.lower(), -1) + 1
    world.store.put(doc)
    return int(kept[name.lower()])


def _goal(doc: Document) -> ExtensionGoal:
    properties = doc["properties"]
    public = {
        key: properties[key] for key in ("source", "parameters", "timeoutInSeconds") if key in properties
    }
    return ExtensionGoal(doc["name"], doc["_sequence"], public, doc.get("_protected"))


async def push_goals(world: World, vm: ResourceId) -> None:
    """Give the machine the goal state with all its scripts."""
    doc = world.store.get(vm)
    if doc is None:
        raise errors.preempted()
    goals = [_goal(one) for one in world.store.list(RUN_COMMANDS, parent=vm) if "_sequence" in one]
    if "_action" in doc:
        goals.append(_goal(doc["_action"]))
    try:
        await world.guests.set_extensions(doc["properties"]["vmId"], goals)
    except GuestError as error:
        raise errors.must_be_running() from error


@dataclass(frozen=True)
class Wait:
    """What is waited for: a script's sequence, until it has ended or (asynchronous) begun."""

    vm: ResourceId
    name: str
    sequence: int
    since: float
    timeout: float
    until_begun: bool = False


async def reported(world: World, wait: Wait) -> ExtensionStatus:
    """Wait for the agent's word on a script. A silent agent, or a machine that stops, ends the wait."""
    patience = limit(world, "agent")
    last_running = world.clock.epoch()
    while True:
        vm = world.store.get(wait.vm)
        if vm is None or vm.get("_deleting"):
            raise errors.preempted()
        if machines.power(world, vm) in ("running", "starting"):
            last_running = world.clock.epoch()
        elif world.clock.epoch() - last_running > REBOOT_SECONDS:
            raise errors.preempted()
        report = world.guests.report(vm["properties"]["vmId"])
        status = report.extensions.get(wait.name)
        if status is not None and status.sequence == wait.sequence and _enough(status, wait.until_begun):
            return status
        waited = world.clock.epoch() - wait.since
        silent = report.agent_seen is None or report.agent_seen < wait.since
        if silent and waited > patience:
            raise errors.agent_silent(vm["name"])
        if waited > patience + wait.timeout:
            raise errors.extension_timed_out(wait.name)
        await asyncio.sleep(POLL_SECONDS)


def _enough(status: ExtensionStatus, until_begun: bool) -> bool:
    return status.done or (until_begun and status.execution_state is not None)


def view(status: ExtensionStatus) -> dict[str, Any]:
    """The agent's word as a run command's instance view."""
    state = status.execution_state or ("Failed" if status.status == "error" else "Running")
    body: dict[str, Any] = {
        "executionState": state,
        "executionMessage": status.message if state not in ("Running", "Succeeded") else "",
        "output": status.stdout,
        "error": status.stderr,
        "startTime": status.started,
        "endTime": status.ended,
        "statuses": [],
    }
    if status.exit_code is not None:
        body["exitCode"] = status.exit_code
    return {key: value for key, value in body.items() if value is not None}


def present_view(world: World, doc: Document, vm: Document | None) -> dict[str, Any]:
    """The instance view now: the last word kept, or a live one for a script that still runs."""
    kept: dict[str, Any] = doc.get("_view") or {
        "executionState": "Pending",
        "output": "",
        "error": "",
        "statuses": [],
    }
    if vm is None or kept["executionState"] not in ("Pending", "Running"):
        return kept
    status = world.guests.report(vm["properties"]["vmId"]).extensions.get(doc["name"])
    return view(status) if status is not None and status.sequence == doc.get("_sequence") else kept


def failure(name: str, status: ExtensionStatus) -> ArmError:
    """A script that failed, for those who asked that it count."""
    return errors.extension_failed(name, status.message or f"the script exited with {status.exit_code}")
