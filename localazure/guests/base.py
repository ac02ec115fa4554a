"""What the local Azure asks of whatever runs its machines.

The ARM side knows resources, states and times; a host knows contents of disks and machines that boot from
them. Between the two there are only the types of this file, so that another kind of guest (a full virtual
machine, say) is a folder beside the first and nothing else changes.

A *content* is what is on one disk, addressed by an opaque id. Contents are independent of each other: any of
them may be discarded at any time, whatever was copied from it, except while a running machine uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

Progress = Callable[[str, float], None]
"""Called with what is being done, and how much of the whole is done (0 to 1)."""

Provisioning = Literal["Ready", "NotReady"]
AgentState = Literal["Ready", "Not Ready"]


class GuestError(Exception):
    """A guest or the content of a disk cannot do what was asked; the message says which and why."""


class UnknownContentError(GuestError):
    """There is no content with this id."""


class UnknownMachineError(GuestError):
    """This machine was never started here, or is gone."""


@dataclass(frozen=True)
class Rule:
    """One inbound rule of a network security group, as Azure writes it; the lowest priority wins."""

    name: str
    priority: int
    access: Literal["Allow", "Deny"]
    protocol: str = "*"
    sources: tuple[str, ...] = ("*",)
    destinations: tuple[str, ...] = ("*",)
    ports: tuple[str, ...] = ("*",)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Rule:
        """Read a security rule from its ARM document, with or without the `properties` envelope."""
        p = document.get("properties", document)

        def several(singular: str) -> tuple[str, ...]:
            plural = singular + ("es" if singular.endswith("x") else "s")
            one = p.get(singular)
            return tuple(p.get(plural) or ()) + ((str(one),) if one not in (None, "") else ())

        return cls(
            name=str(document.get("name", p.get("name", ""))),
            priority=int(p["priority"]),
            access="Allow" if str(p["access"]).lower() == "allow" else "Deny",
            protocol=str(p.get("protocol", "*")),
            sources=several("sourceAddressPrefix"),
            destinations=several("destinationAddressPrefix"),
            ports=several("destinationPortRange"),
        )


@dataclass(frozen=True)
class DataDisk:
    """A data disk at its LUN; the guest sees it as a block device of `size_gb`."""

    lun: int
    content: str
    size_gb: int
    name: str


@dataclass(frozen=True)
class OsProfile:
    """Who the machine is to become: what Azure puts on the provisioning DVD."""

    computer_name: str
    admin_username: str
    admin_password: str | None = field(default=None, repr=False)
    public_keys: tuple[tuple[str, str], ...] = ()
    """Pairs of the path in the guest and the key in OpenSSH's form."""
    disable_password: bool = True
    custom_data: str | None = field(default=None, repr=False)
    """In base64, as in ARM."""


@dataclass(frozen=True)
class MachineSpec:
    """Everything that a host must know to power a machine on."""

    machine_id: str
    """The vmId, a UUID; the guest's DMI and the metadata service show it."""
    name: str
    os_disk: str
    address: str
    """The private address: a loopback address, so reachable from the local Azure's own computer."""
    data_disks: tuple[DataDisk, ...] = ()
    inbound: tuple[Rule, ...] = ()
    """The interface's effective rules, Azure's defaults included; none at all means no group: all pass."""
    provisioning: OsProfile | None = None
    """None for a specialized disk (Attach): there is no DVD, the agent reports and changes nothing."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The metadata service's `compute` block, as far as the ARM side knows it; the host adds `network`."""
    generation: Literal["V1", "V2"] = "V2"
    """Of the hypervisor: with a BIOS or with UEFI."""


@dataclass(frozen=True)
class ExtensionGoal:
    """What the next goal state asks of one extension; a run command is one of many of its handler."""

    name: str
    """The run command's name."""
    sequence: int
    """Must grow from goal to goal of the same name, or the agent takes the goal as done."""
    public: Mapping[str, Any]
    """For a run command: `source.script`, `parameters` ([{name, value}]), `timeoutInSeconds`."""
    protected: Mapping[str, Any] | None = None
    """Travels encrypted for the machine alone. For a run command: `protectedParameters`."""
    handler: str = "Microsoft.CPlat.Core.RunCommandHandlerLinux"
    version: str = "1.0.0"
    state: Literal["enabled", "disabled"] = "enabled"


@dataclass(frozen=True)
class ExtensionStatus:
    """The last that the agent said about an extension. Look at `sequence` before believing the rest."""

    name: str
    handler: str
    version: str | None = None
    handler_status: str | None = None
    """Ready, NotReady, Installing or Unresponsive."""
    handler_message: str = ""
    sequence: int | None = None
    status: str | None = None
    """transitioning, success, warning or error; None until the extension has written a status of its own."""
    code: int | None = None
    operation: str | None = None
    message: str = ""
    execution_state: str | None = None
    """Of a run command: Running, Succeeded, Failed, TimedOut."""
    exit_code: int | None = None
    stdout: str = ""
    """Its last 4096 bytes; so is `stderr`."""
    stderr: str = ""
    started: str | None = None
    """ISO 8601, by the guest's clock; so is `ended`."""
    ended: str | None = None

    @property
    def done(self) -> bool:
        """Nothing more will come of this sequence."""
        return self.status in ("success", "warning", "error")


@dataclass(frozen=True)
class AgentReport:
    """What the machine's agent has reported since the machine was last powered on."""

    provisioning: Provisioning | None = None
    """By the first health report that is not superseded: once Ready, it stays so until the next start."""
    provisioning_detail: str = ""
    """`SubStatus: Description` of the last report that was not Ready."""
    agent_version: str | None = None
    agent_status: AgentState | None = None
    """From the status blob; a silent agent keeps its last word, so look at `agent_seen`."""
    agent_seen: float | None = None
    """When the agent last wrote its status blob, seconds since the epoch."""
    os_name: str | None = None
    os_version: str | None = None
    computer_name: str | None = None
    extensions: Mapping[str, ExtensionStatus] = field(default_factory=dict)
    """By the goal's name."""


@dataclass(frozen=True)
class MarketplaceImage:
    """An image that a host can make by itself, offered where Azure has its marketplace."""

    publisher: str
    offer: str
    sku: str
    version: str
    content: str
    os_type: Literal["Linux", "Windows"]
    size_gb: int
    generation: Literal["V1", "V2"]
    description: str = ""


@runtime_checkable
class Paced(Protocol):
    """A host whose machines take time of their own, which the server scales as it scales Azure's."""

    def pace(self, scale: float) -> None:
        """Take the share of the machines' own durations to wait."""


class Host(Protocol):
    """Runs machines, keeps the contents of disks. Every wait has a deadline; failures are GuestErrors."""

    name: str
    """One word: `namespace`."""
    proof: str
    """What a run on this host has proven, for the report: `namespace guest`."""
    ports: tuple[int, ...]
    """The TCP ports of a machine's private address at which it can be reached from here."""

    def missing(self) -> list[str]:
        """Say what this computer lacks, one line each, with the command that mends it; none means usable."""

    async def prepare(self, progress: Progress) -> None:
        """Build or find the marketplace images. Idempotent; minutes the first time, nothing later."""

    def images(self) -> list[MarketplaceImage]:
        """List the images that `prepare` made; their contents may be copied and never discarded."""

    async def create_empty(self, size_gb: int) -> str:
        """Make the content of an empty disk."""

    async def copy(self, contents: Sequence[str]) -> list[str]:
        """Copy contents at one point in time, all together, also under running machines."""

    async def discard(self, content: str) -> None:
        """Remove a content; one that is gone already is no error."""

    async def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """Write a content as the bytes of its disk: `target` is a new sparse file of `size_gb` GiB.

        The same content gives the same bytes each time, as far as the host can; no running machine writes to
        it meanwhile. This is what the holder of a disk's access signature downloads.
        """

    async def read_raw(self, source: Path) -> str:
        """Make a content from the bytes of a disk, whole GiB; `source` stays.

        What `write_raw` of the same kind of host wrote gives a content as good as the first: a machine that
        booted from that one boots from this one. Any other bytes are a data disk.
        """

    def used_bytes(self, content: str) -> int:
        """Measure what a content occupies of its own on this computer."""

    async def start(self, spec: MachineSpec) -> None:
        """Power a machine on; returns once its init runs. A machine that runs already is left alone."""

    async def power_off(self, machine_id: str, *, graceful: bool, deadline: float = 90.0) -> None:
        """Power a machine off: by its init, and by force when that takes more than `deadline` seconds.

        Returns when nothing of it runs any more, also where it had said before that it is off. One that is
        unknown is off.
        """

    async def restart(self, machine_id: str, deadline: float = 90.0) -> None:
        """Reboot a machine by its init, and by force after `deadline` seconds; its agent reports anew."""

    def is_running(self, machine_id: str) -> bool:
        """Tell whether a machine is powered on; false as well when the guest powered itself off."""

    def report(self, machine_id: str) -> AgentReport:
        """Read what the agent has reported; an empty report for a machine that is unknown."""

    async def set_inbound(self, machine_id: str, rules: Sequence[Rule]) -> None:
        """Replace a running machine's inbound rules; connections that are open stay open."""

    async def set_extensions(self, machine_id: str, goals: Sequence[ExtensionGoal]) -> None:
        """Give a running machine a new goal state: exactly these extensions."""

    def serial_log(self, machine_id: str) -> bytes:
        """Read what the machine wrote to its console since it was last powered on."""

    async def forget(self, machine_id: str) -> None:
        """Drop everything kept of a machine that is powered off (its logs and reports; not its disks)."""

    def adopt(self) -> None:
        """After a restart of the local Azure: find the machines that live on."""

    async def shutdown(self) -> None:
        """Stop every machine and leave nothing: no process, mount, loop device or control group."""
