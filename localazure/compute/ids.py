"""Ids of nested resources."""

from __future__ import annotations

from localazure.arm.ids import ResourceId


def parent_of(rid: ResourceId) -> ResourceId:
    """What holds a nested resource; every route that asks has one by its pattern."""
    if rid.parent is None:
        raise ValueError(f"{rid.text} has no parent")
    return rid.parent
