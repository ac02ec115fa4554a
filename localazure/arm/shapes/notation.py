"""The shapes, read from the notation they are written in.

A shape is a line of `member:kind`; `member!` must be there (where the service does not say so itself, in
words of its own). Kinds: `str`, `int`, `num`, `bool`; `@name`, an enumeration; `Name`, another shape;
`[]kind`, a list; `{}kind`, a map; `-`, anything: Azure writes this member itself and passes over what clients
send back.

The members are those of the public REST reference (compute 2026-03-01, disks 2026-03-02, galleries
2025-12-03).
A newer api-version may know more; so may an enumeration: both belong here when a client needs them.
"""

from __future__ import annotations

from dataclasses import dataclass

from localazure.arm.shapes import captures, disks, enumerations, galleries, machines


@dataclass(frozen=True)
class Member:
    """One member of an object."""

    spec: str
    required: bool = False


def _read(line: str) -> dict[str, Member]:
    pairs = (word.split(":", 1) for word in line.split())
    return {name.rstrip("!"): Member(spec, name.endswith("!")) for name, spec in pairs}


_MODULES = (machines, captures, disks, galleries)
RESOURCES = {kind.lower(): _read(line) for module in _MODULES for kind, line in module.RESOURCES.items()}
SHAPES = {name: _read(line) for module in _MODULES for name, line in module.SHAPES.items()}
ENUMERATIONS = {
    name: frozenset(value.lower() for value in values) for name, values in enumerations.ENUMERATIONS.items()
}
