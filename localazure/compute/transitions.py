"""The state machine of a virtual machine, as data: operation by state, and what comes of it.

A cell is either a state to end in or a refusal. `source` says how sure we are: "recorded" was seen in
recorded traffic of the service, "doc" is in Microsoft's error tables, "seen" is quoted in public bug reports,
"assumed" is inference. What another operation in progress forbids is refused before this table is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from localazure.arm.errors import ArmError
from localazure.compute import errors

State = Literal["running", "stopped", "deallocated", "generalized"]
Source = Literal["recorded", "doc", "seen", "assumed"]
STATES: tuple[State, ...] = ("running", "stopped", "deallocated", "generalized")
Refusal = Callable[[str], ArmError]


@dataclass(frozen=True)
class Cell:
    """What an operation does to a machine in a state: `becomes` (None: stays), or `refused`."""

    source: Source
    becomes: str | None = None
    refused: Refusal | None = None


def _because(operation: str, reason: str) -> Refusal:
    return lambda vm: errors.not_allowed_on_vm(operation, vm, reason)


def _plain(make: Callable[[], ArmError]) -> Refusal:
    return lambda vm: make()


def _image(vm: str) -> ArmError:
    return errors.must_be_generalized("CreateImage", vm)


_needs_running = _plain(errors.must_be_running)
_no_extensions = _plain(errors.extensions_need_running_vm)
_not_captured = _plain(errors.capture_not_generalized)

TABLE: dict[str, dict[State, Cell]] = {
    "powerOff": {
        "running": Cell("recorded", "stopped"),
        "stopped": Cell("assumed", "stopped"),
        "deallocated": Cell("doc", refused=_because("powerOff", errors.DEALLOCATED)),
        "generalized": Cell("assumed", "stopped"),
    },
    "deallocate": {
        "running": Cell("recorded", "deallocated"),
        "stopped": Cell("recorded", "deallocated"),
        "deallocated": Cell("assumed", "deallocated"),
        "generalized": Cell("seen", "deallocated"),
    },
    "start": {
        "running": Cell("assumed", "running"),
        "stopped": Cell("assumed", "running"),
        "deallocated": Cell("recorded", "running"),
        "generalized": Cell("seen", refused=_because("start", errors.GENERALIZED)),
    },
    "restart": {
        "running": Cell("recorded", "running"),
        "stopped": Cell("assumed", refused=_needs_running),
        "deallocated": Cell("doc", refused=_needs_running),
        "generalized": Cell("assumed", refused=_because("restart", errors.GENERALIZED)),
    },
    "redeploy": {
        "running": Cell("assumed", "running"),
        "stopped": Cell("assumed", "running"),
        "deallocated": Cell("doc", refused=_because("redeploy", errors.DEALLOCATED)),
        "generalized": Cell("assumed", refused=_because("redeploy", errors.GENERALIZED)),
    },
    "reapply": {
        "running": Cell("assumed"),
        "stopped": Cell("assumed"),
        "deallocated": Cell("assumed"),
        "generalized": Cell("assumed", refused=_because("reapply", errors.GENERALIZED)),
    },
    "generalize": {
        "running": Cell("seen", refused=_because("generalize", errors.RUNNING)),
        "stopped": Cell("recorded", "generalized"),
        "deallocated": Cell("assumed", "generalized"),
        "generalized": Cell("assumed", "generalized"),
    },
    "createImage": {
        "running": Cell("doc", refused=_image),
        "stopped": Cell("doc", refused=_image),
        "deallocated": Cell("doc", refused=_image),
        "generalized": Cell("recorded"),
    },
    "capture": {
        "running": Cell("doc", refused=_not_captured),
        "stopped": Cell("doc", refused=_not_captured),
        "deallocated": Cell("doc", refused=_not_captured),
        "generalized": Cell("doc", refused=_plain(errors.capture_managed)),
    },
    "extension": {
        "running": Cell("assumed"),
        "stopped": Cell("doc", refused=_no_extensions),
        "deallocated": Cell("doc", refused=_no_extensions),
        "generalized": Cell("doc", refused=_no_extensions),
    },
    "runCommand": {
        "running": Cell("assumed"),
        "stopped": Cell("doc", refused=_needs_running),
        "deallocated": Cell("doc", refused=_needs_running),
        "generalized": Cell("doc", refused=_needs_running),
    },
    "Update VM": {
        "running": Cell("assumed"),
        "stopped": Cell("assumed"),
        "deallocated": Cell("assumed"),
        "generalized": Cell("doc", refused=_because("Update VM", errors.GENERALIZED)),
    },
    "Delete VM": {
        "running": Cell("recorded"),
        "stopped": Cell("recorded"),
        "deallocated": Cell("recorded"),
        "generalized": Cell("recorded"),
    },
}

SOURCE_OF_BUSY = "doc"
"""Where it is from that a machine with an operation in progress refuses the next one."""

ELSEWHERE: dict[str, dict[State, Source]] = {
    "version of a generalized definition": {
        "running": "doc",
        "stopped": "doc",
        "deallocated": "doc",
        "generalized": "doc",
    },
    "version of a specialized definition": {
        "running": "assumed",
        "stopped": "assumed",
        "deallocated": "assumed",
        "generalized": "doc",
    },
    "disk delete": {"running": "doc", "stopped": "doc", "deallocated": "doc", "generalized": "doc"},
    "disk beginGetAccess": {
        "running": "seen",
        "stopped": "assumed",
        "deallocated": "assumed",
        "generalized": "assumed",
    },
    "snapshot": {
        "running": "assumed",
        "stopped": "assumed",
        "deallocated": "assumed",
        "generalized": "assumed",
    },
}
"""What other services decide by the state of the machine: the rule is theirs, only its source is here."""


def check(operation: str, state: State, vm: str) -> Cell:
    """Look the cell up; raise its refusal, if it is one."""
    cell = TABLE[operation][state]
    if cell.refused is not None:
        raise cell.refused(vm)
    return cell
