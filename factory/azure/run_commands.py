"""Run Command: a script that Azure carries into a guest and whose output it brings back.

It needs a running VM with a ready agent and no open port. The script runs as root; Azure keeps the last
4096 bytes of each of its two outputs. The script is readable in the guest
(`/var/lib/waagent/run-command-handler`) and, with the plain parameters, in the VM's model until it is
deleted: secrets go into `protected` parameters, which come as environment variables of the script.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azure.mgmt.compute import models

from factory.azure.client import Azure
from factory.azure.ids import ArmId
from factory.azure.lro import Progress
from factory.azure.wire import dig, plain
from factory.errors import AzureFault, ExtensionFailed, FactoryError, OutputTruncated

OUTPUT_LIMIT = 4096
"""Bytes of output that Azure keeps: the last ones."""

_CARRIAGE = timedelta(minutes=5)
"""What carrying goal state and report may take beside the script itself."""


@dataclass(frozen=True)
class RunCommandResult:
    """What the script did. `state` is Succeeded, Failed, TimedOut, Canceled or Unknown; texts may be cut."""

    machine: str
    name: str
    state: str
    exit_code: int | None
    output: str
    error: str
    message: str = ""

    @property
    def truncated(self) -> bool:
        """True where an output reaches Azure's limit, so that its beginning may be missing."""
        return any(len(text.encode()) >= OUTPUT_LIMIT for text in (self.output, self.error))

    def checked(self, *, whole: bool = False) -> str:
        """Return the standard output of a script that succeeded.

        Raises `ExtensionFailed` with the script's last words where it did not, and with `whole`
        `OutputTruncated` where the output may lack its beginning.
        """
        what = f"run {self.name} in VM {self.machine}"
        if self.state != "Succeeded" or self.exit_code not in (0, None):
            last = (self.error.strip() or self.message.strip() or "no message").splitlines()[-1]
            raise ExtensionFailed(what, AzureFault(text=f"{self.state}, exit code {self.exit_code}: {last}"))
        if whole and self.truncated:
            raise OutputTruncated(
                what,
                AzureFault(text=f"the output reaches Azure's limit of {OUTPUT_LIMIT} bytes"),
                remedy="let the script print less, or write to a file that is fetched otherwise",
            )
        return self.output


async def run_command(
    azure: Azure,
    machine_id: str,
    *,
    name: str,
    script: str,
    deadline: timedelta,
    tags: Mapping[str, str],
    location: str | None = None,
    parameters: Mapping[str, str] | None = None,
    protected: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    keep: bool = False,
) -> RunCommandResult:
    """Run a script in the guest, wait for its end, and take the command away again.

    With `keep` it stays, and goes with the VM: for a script after which no agent can take it away.

    A script that fails is a result, not an error. Azure ends the script at the deadline (`state` TimedOut);
    the waiting itself ends some minutes later. A command of this name that is already there is run again
    only if it differs: names are for one use.

    Raises `OperationNotAllowed` (VM not running), `ExtensionFailed` (no agent), `NotFound`,
    `OperationTimedOut`.
    """
    rid = ArmId.parse(machine_id)
    location = location or await _location(azure, rid)
    body = _body(location, script, deadline, tags)
    body["properties"]["parameters"] = _parameters(parameters or {})
    body["properties"]["protectedParameters"] = _parameters(protected or {})
    try:
        return await _run(azure, rid, name, body, deadline=deadline + _CARRIAGE, progress=progress)
    finally:
        if not keep:
            await asyncio.shield(_take_away(azure, rid, name))


async def _run(
    azure: Azure,
    rid: ArmId,
    name: str,
    body: dict[str, Any],
    *,
    deadline: timedelta,
    progress: Progress | None,
) -> RunCommandResult:
    what = f"run {name} in VM {rid.name}"
    commands = azure.compute.virtual_machine_run_commands
    operation = await azure.begin(
        what,
        commands.begin_create_or_update,
        rid.group,
        rid.name,
        name,
        models.VirtualMachineRunCommand(body),
    )
    await azure.wait(operation, deadline=deadline, progress=progress)
    found = await azure.call(
        what, commands.get_by_virtual_machine, rid.group, rid.name, name, expand="instanceView"
    )
    view = dig(plain(found), "properties", "instanceView") or {}
    return RunCommandResult(
        machine=rid.name,
        name=name,
        state=view.get("executionState") or "Unknown",
        exit_code=view.get("exitCode"),
        output=view.get("output") or "",
        error=view.get("error") or "",
        message=view.get("executionMessage") or "",
    )


async def _take_away(azure: Azure, rid: ArmId, name: str) -> None:
    """Order the deletion; what went wrong before counts more than what goes wrong here."""
    delete = azure.compute.virtual_machine_run_commands.begin_delete
    with contextlib.suppress(FactoryError):
        operation = await azure.begin(f"delete run command {name}", delete, rid.group, rid.name, name)
        await azure.wait(operation, deadline=_CARRIAGE)


async def _location(azure: Azure, rid: ArmId) -> str:
    get = azure.compute.virtual_machines.get
    return (await azure.call(f"read VM {rid.name}", get, rid.group, rid.name)).location


def _body(location: str, script: str, deadline: timedelta, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "location": location,
        "tags": dict(tags),
        "properties": {
            "source": {"script": script},
            "asyncExecution": False,
            "timeoutInSeconds": int(deadline.total_seconds()),
            "treatFailureAsDeploymentFailure": False,
        },
    }


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]
