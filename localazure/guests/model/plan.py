"""What is handed to the first process of a boot: plain facts, as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Disk:
    """A data disk: the directory of its content, and where the guest sees it."""

    lun: int
    name: str
    """Its name below /dev."""
    directory: str
    size_gb: int


@dataclass(frozen=True)
class BootPlan:
    """One boot of a machine."""

    machine_id: str
    name: str
    address: str
    boot: int
    boot_id: str
    image: str
    """The directory of the marketplace image, which is never written."""
    directory: str
    """The directory of the OS disk's content; `upper` in it holds what differs from the image."""
    disks: tuple[Disk, ...] = ()
    dvd: str | None = None
    """The text of ovf-env.xml."""
    node: str | None = None
    """A block device of this computer that lends its face to data disks, where none can be made."""
    owner: int | None = None
    """The user ID that the guest's root is on this computer; None where it is our own."""

    def to_json(self) -> str:
        """Write it."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> BootPlan:
        """Read it."""
        fields = json.loads(text)
        fields["disks"] = tuple(Disk(**disk) for disk in fields["disks"])
        return cls(**fields)
