"""What the supervisor hands to the keeper of a boot: plain facts, as JSON on its standard input."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """A data disk as the guest is to see it."""

    lun: int
    letter: str
    device: int
    """The number of the loop device behind it."""
    sectors: int
    labels: tuple[str, ...] = ()
    """Names below /dev/disk of the file system on it, if it holds one: `by-uuid/…`, `by-label/…`."""

    @property
    def name(self) -> str:
        """Its name below /dev."""
        return f"sd{self.letter}"


@dataclass(frozen=True)
class BootPlan:
    """One boot of a machine."""

    machine_id: str
    layers: tuple[str, ...]
    """Directories to be stacked read-only, the topmost first."""
    upper: str
    work: str
    root: str
    """An empty directory to build the root file system on."""
    group: str
    """The directory of the machine's control group."""
    network: int
    """Descriptor of the network namespace; `console` and `life` are descriptors as well."""
    console: int
    life: int
    """A pipe that ends when the supervisor does."""
    console_name: str
    mac: str
    devices: tuple[Device, ...] = ()
    dvd: str | None = None
    """The text of ovf-env.xml."""

    def to_json(self) -> str:
        """Write it."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> BootPlan:
        """Read it."""
        fields = json.loads(text)
        fields["layers"] = tuple(fields["layers"])
        fields["devices"] = tuple(Device(**{**d, "labels": tuple(d["labels"])}) for d in fields["devices"])
        return cls(**fields)
