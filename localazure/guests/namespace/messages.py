"""What the server and a machine's supervisor say to each other, as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localazure.guests.base import DataDisk, ExtensionGoal, MachineSpec, OsProfile, Rule


@dataclass(frozen=True)
class RunningDisk:
    """A data disk, with the file that holds its content."""

    lun: int
    file: str
    size_gb: int


@dataclass(frozen=True)
class Order:
    """What to run: written to the supervisor's standard input, never to a disk: it may hold a password."""

    spec: MachineSpec
    layers: tuple[str, ...]
    upper: str
    work: str
    disks: tuple[RunningDisk, ...]
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
            layers=tuple(fields["layers"]),
            upper=fields["upper"],
            work=fields["work"],
            disks=tuple(RunningDisk(**d) for d in fields["disks"]),
            ports=tuple(fields["ports"]),
        )


def spec_from(fields: Mapping[str, Any]) -> MachineSpec:
    """Read what a machine is to be."""
    profile = fields["provisioning"]
    return MachineSpec(
        **{
            **fields,
            "data_disks": tuple(DataDisk(**d) for d in fields["data_disks"]),
            "inbound": rules_from(fields["inbound"]),
            "provisioning": None
            if profile is None
            else OsProfile(**{**profile, "public_keys": tuple(tuple(k) for k in profile["public_keys"])}),
        }
    )


def rules_from(documents: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Read rules."""
    lists = ("sources", "destinations", "ports")
    return tuple(Rule(**{**d, **{k: tuple(d[k]) for k in lists}}) for d in documents)


def goals_from(documents: Sequence[Mapping[str, Any]]) -> tuple[ExtensionGoal, ...]:
    """Read goals."""
    return tuple(ExtensionGoal(**d) for d in documents)


def documents_of(items: Sequence[Rule] | Sequence[ExtensionGoal]) -> list[dict[str, Any]]:
    """Write rules or goals."""
    return [dataclasses.asdict(item) for item in items]
