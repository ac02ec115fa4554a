"""What the server has the yard run: it may hold a password, and is never written to a disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localazure.guests.base import DataDisk, MachineSpec, OsProfile
from localazure.guests.model.plan import Disk
from localazure.guests.namespace.messages import rules_from


@dataclass(frozen=True)
class Order:
    """A machine, and where on this computer its disks are."""

    spec: MachineSpec
    image: str
    directory: str
    disks: tuple[Disk, ...]
    ports: tuple[int, ...]
    node: str | None
    owner: int | None

    def document(self) -> dict[str, Any]:
        """Write it."""
        return dataclasses.asdict(self)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Order:
        """Read it."""
        disks = tuple(Disk(**disk) for disk in fields["disks"])
        return cls(
            **{**fields, "spec": _spec(fields["spec"]), "disks": disks, "ports": tuple(fields["ports"])}
        )


def _spec(fields: Mapping[str, Any]) -> MachineSpec:
    profile = fields["provisioning"]
    keys = () if profile is None else tuple(tuple(pair) for pair in profile["public_keys"])
    given = {
        "data_disks": tuple(DataDisk(**disk) for disk in fields["data_disks"]),
        "inbound": rules_from(fields["inbound"]),
        "provisioning": None if profile is None else OsProfile(**{**profile, "public_keys": keys}),
    }
    return MachineSpec(**{**fields, **given})
