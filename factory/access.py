"""A way into a build or test machine: host keys read through Azure, and a key of this run alone.

Nothing is trusted that the network says about itself: the machine's public host keys come through Run
Command, which Azure carries, and the SSH connection accepts exactly those. Where the recipe says so, Run
Command is the only way in, and no account is made at all.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict

from factory.azure import machines, run_commands
from factory.azure.client import Azure
from factory.build import BuildMachine
from factory.guest.guest import Guest
from factory.linux.bootstrap import (
    host_keys_script,
    parse_host_keys,
    parse_temporary_admin,
    temporary_admin_script,
)
from factory.memory import once
from factory.plan import Plan
from factory.remote.carried import AzureCarrier, CarriedGuest
from factory.remote.keys import HostKeys
from factory.remote.ssh import Login, SshGuest
from factory.run import BUILD_KEY, Run

LOGIN_GRACE = 30.0
"""Seconds in which a refused key may still become a good one: the agent has said Ready by then."""


class Opened(BaseModel):
    """A machine that can be logged in to. `host_keys` are fingerprints by key type."""

    model_config = ConfigDict(frozen=True)

    machine_id: str
    address: str
    port: int = 22
    user: str | None = None
    """The run's own account; None where no login is possible, nor needed."""
    key: str = BUILD_KEY
    host_keys: dict[str, str] = {}
    azure_admin: str | None = None
    """The administrator whom Azure made on the source; waagent should remove this account."""


@once("open")
async def open_access(run: Run, machine: BuildMachine) -> Opened:
    """Make this run's temporary administrator on the build machine and read its host keys.

    Errors: OperationTimedOut when the agent does not become ready, ExtensionFailed when the script fails.
    """
    with run.record.step("open", machine.address):
        async with run.azure() as azure:
            deadline = run.plan.recipe.deadline("provision")
            await machines.wait_for_agent(azure, machine.id, deadline=deadline)
            if run.plan.recipe.build.transport == "run-command":
                run.record.write("open", "fact", "Run Command alone: no account, no port")
                return Opened(machine_id=machine.id, address=machine.address, azure_admin=machine.azure_admin)
            script = temporary_admin_script(run.plan.temporary_admin, run.key(BUILD_KEY).public)
            output = await _in_guest(azure, run.plan, machine.id, "golden-admin", script)
            parse_temporary_admin(machine.address, run.plan.temporary_admin, output)
            keys = await read_host_keys(azure, run.plan, machine.id)
        run.record.write("open", "fact", "host keys read through Azure", host_keys=keys.fingerprints)
        return Opened(
            machine_id=machine.id,
            address=machine.address,
            port=run.plan.recipe.build.ssh_port,
            user=run.plan.temporary_admin,
            key=BUILD_KEY,
            host_keys=keys.fingerprints,
            azure_admin=machine.azure_admin,
        )


async def read_host_keys(azure: Azure, plan: Plan, machine_id: str) -> HostKeys:
    """The public host keys of a machine, out of band."""
    output = await _in_guest(azure, plan, machine_id, "golden-host-keys", host_keys_script())
    return parse_host_keys(machine_id.rsplit("/", 1)[1], output)


@asynccontextmanager
async def connect(run: Run, opened: Opened) -> AsyncIterator[Guest]:
    """A way to run commands as root on an opened machine, for as long as the context is open."""
    if opened.user is None:
        async with run.azure() as azure:
            yield CarriedGuest(
                opened.machine_id.rsplit("/", 1)[1],
                AzureCarrier(azure, opened.machine_id, run.plan.tags("scaffolding")),
                evidence_deadline=run.plan.recipe.deadline("generalize"),
            )
    else:
        async with SshGuest(login(run, opened)) as guest:
            yield guest


def login(run: Run, opened: Opened) -> Login:
    """How to log in to an opened machine; ValueError where no login is possible."""
    if opened.user is None:
        raise ValueError(f"{opened.machine_id} is reached by Run Command alone")
    return Login(
        host=opened.address,
        port=opened.port,
        user=opened.user,
        key=run.key(opened.key),
        host_keys=HostKeys(opened.host_keys),
        deadline=run.plan.recipe.deadline("connect").total_seconds(),
        login_grace=LOGIN_GRACE,
    )


async def _in_guest(azure: Azure, plan: Plan, machine_id: str, name: str, script: str) -> str:
    result = await run_commands.run_command(
        azure,
        machine_id,
        name=name,
        script=script,
        deadline=plan.recipe.deadline("run_command"),
        tags=plan.tags("scaffolding"),
    )
    return result.checked()
