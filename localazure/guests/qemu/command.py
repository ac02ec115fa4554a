"""QEMU's command line for a machine as Azure's hypervisor would show it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localazure.guests.base import MachineSpec
from localazure.guests.namespace.messages import spec_from
from localazure.guests.qemu.accelerator import OPTIONS, PROGRAM

ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"  # Azure's chassis
_FIRMWARE = {"V1": "Hyper-V BIOS Release v1.0", "V2": "Hyper-V UEFI Release v4.1"}
MEMORY_MIB, PROCESSORS = 512, 2
OVMF_CODE = (Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_CODE.fd"))
OVMF_VARIABLES = (Path("/usr/share/OVMF/OVMF_VARS_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS.fd"))
OS_DISK, DVD = "os", "drive"


def firmware_code() -> Path | None:
    """Find the firmware of the second generation, if this computer has it."""
    return next((path for path in OVMF_CODE if path.exists()), None)


def firmware_variables() -> Path:
    """Find the memory that this firmware is shipped with."""
    return next(path for path in OVMF_VARIABLES if path.exists())


def data_disk(lun: int) -> str:
    """Name a data disk's block device in QEMU."""
    return f"lun{lun}"


@dataclass(frozen=True)
class RunningDisk:
    """A disk in its place, with the file that holds its content."""

    device: str
    content: str
    file: str
    format: str
    lun: int = -1
    size_gb: int = 0


@dataclass(frozen=True)
class Order:
    """What to run: written to the supervisor's standard input, never to a disk: it may hold a password."""

    spec: MachineSpec
    disks: tuple[RunningDisk, ...]
    accelerator: str
    generation: str
    ports: tuple[int, ...]

    def to_json(self) -> str:
        """Write it."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Read it."""
        fields = json.loads(text)
        return cls(
            spec=spec_from(fields["spec"]),
            disks=tuple(RunningDisk(**d) for d in fields["disks"]),
            accelerator=fields["accelerator"],
            generation=fields["generation"],
            ports=tuple(fields["ports"]),
        )


@dataclass(frozen=True)
class Wiring:
    """What the supervisor lends to QEMU: descriptors, and files of its directory."""

    network: int
    console: int
    monitor: Path
    dvd: Path | None
    variables: Path | None
    """The firmware's memory: a copy for this machine alone."""


def command(order: Order, wiring: Wiring, mac: str) -> list[str]:
    """Write the command line."""
    return [
        PROGRAM,
        *OPTIONS[order.accelerator],
        *("-nodefaults", "-no-user-config", "-display", "none", "-m", str(MEMORY_MIB)),
        *("-smp", str(PROCESSORS), "-name", _escaped(order.spec.name)),
        *_machine(order, wiring),
        *_identity(order),
        *_disks(order.disks),
        *_dvd(wiring),
        *("-netdev", f"tap,id=net,fd={wiring.network}"),
        *("-device", f"virtio-net-pci,netdev=net,mac={_with_colons(mac)},romfile="),
        *("-device", "virtio-rng-pci"),
        *("-chardev", f"file,id=console,path=/proc/self/fd/{wiring.console}", "-serial", "chardev:console"),
        *("-qmp", f"unix:{_escaped(str(wiring.monitor))},server=on,wait=off"),
    ]


def _escaped(text: str) -> str:
    """A comma ends an option's value."""
    return text.replace(",", ",,")


def _with_colons(mac: str) -> str:
    return ":".join(mac[i : i + 2] for i in range(0, 12, 2)).lower()


def _machine(order: Order, wiring: Wiring) -> list[str]:
    machine = ["-machine", "pc,usb=off,vmport=off"]
    if wiring.variables is None:
        return machine
    return [
        *machine,
        *("-drive", f"if=pflash,format=raw,readonly=on,file={firmware_code()}"),
        *("-drive", f"if=pflash,format=raw,file={_escaped(str(wiring.variables))}"),
    ]


def _identity(order: Order) -> list[str]:
    """The tables by which agents know that they are on Azure, and which machine they are."""
    version, machine_id = _FIRMWARE[order.generation], order.spec.machine_id
    maker, product = "manufacturer=Microsoft Corporation", "product=Virtual Machine"
    tables = (
        f"type=0,vendor=Microsoft Corporation,version={version},date=05/13/2024",
        f"type=1,{maker},{product},version={version},uuid={machine_id}",
        f"type=2,{maker},{product},version={version}",
        f"type=3,{maker},version={version},asset={ASSET_TAG}",
    )
    return ["-uuid", machine_id, *(word for table in tables for word in ("-smbios", table))]


def _disks(disks: Sequence[RunningDisk]) -> list[str]:
    """The OS disk on NVMe, which every kernel has built in; data disks on SCSI at their LUNs, as on Azure."""
    words: list[str] = []
    if any(disk.device != OS_DISK for disk in disks):
        words += ["-device", "virtio-scsi-pci,id=scsi1"]
    for disk in disks:
        options = "cache=writeback,discard=unmap,detect-zeroes=unmap"
        words += [
            "-drive",
            f"if=none,id={disk.device},format={disk.format},file={_escaped(disk.file)},{options}",
        ]
        if disk.device == OS_DISK:
            words += ["-device", f"nvme,serial=os,drive={OS_DISK},bootindex=1"]
        else:
            place = f"bus=scsi1.0,channel=0,scsi-id=0,lun={disk.lun}"
            name = f"vendor=Msft,product=Virtual Disk,serial={disk.content[:20]}"
            words += ["-device", f"scsi-hd,{place},drive={disk.device},{name}"]
    return words


def _dvd(wiring: Wiring) -> list[str]:
    if wiring.dvd is None:
        return []
    medium = f"if=none,id=dvd,media=cdrom,readonly=on,format=raw,file={_escaped(str(wiring.dvd))}"
    return ["-drive", medium, "-device", f"ide-cd,id={DVD},drive=dvd"]
