"""Every operation on a machine in every state, over the wire: what comes of it, and how we know.

A cell is what the machine becomes, `done` where it stays as it is, or the text of a refusal. Beside it stands
the first letter of its source: r(ecorded), d(ocumented), s(een in public reports), a(ssumed).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import requests

from localazure.compute.transitions import ELSEWHERE, STATES, TABLE
from tests.localazure.galleries import shelves
from tests.localazure.machines import Yard

GENERALIZED = "Operation '{op}' is not allowed on VM 'vm' since the VM is generalized."
GONE = (
    "Operation '{op}' is not allowed on VM 'vm' since the VM is either deallocated or marked to be "
    "deallocated."
)
RUNNING = (
    "Operation '{op}' is not allowed on VM 'vm' since the VM is running. Please power off explicitly in "
    "case you shut down the VM from inside the guest operating system."
)
NEEDED = "The operation requires the VM to be running (or set to run)."
NO_EXTENSIONS = "Cannot modify extensions in the VM when the VM is not running."
NO_CAPTURE = "Capture operation cannot be completed because the VM is not generalized."
MANAGED = "The Capture action is only supported on a Virtual Machine with blob based disks."
NO_IMAGE = "The operation 'CreateImage' requires the Virtual Machine 'vm' to be Generalized."
MISMATCH = "Cannot create Gallery Image Version from: "
ATTACHED = "Disk vm_"
LENT = "Access not permitted because disk vm_"
BUSY = "since another operation is in progress."

MATRIX: dict[str, tuple[str, str, str, str, str]] = {
    # sources of: running, stopped, deallocated, generalized; and what comes of it in each
    "powerOff": ("rada", "stopped", "stopped", GONE, "stopped"),
    "deallocate": ("rras", "deallocated", "deallocated", "deallocated", "deallocated"),
    "start": ("aars", "running", "running", "running", GENERALIZED),
    "restart": ("rada", "running", NEEDED, NEEDED, GENERALIZED),
    "redeploy": ("aada", "running", "running", GONE, GENERALIZED),
    "reapply": ("aaaa", "done", "done", "done", GENERALIZED),
    "generalize": ("sraa", RUNNING, "generalized", "generalized", "generalized"),
    "createImage": ("dddr", NO_IMAGE, NO_IMAGE, NO_IMAGE, "done"),
    "capture": ("dddd", NO_CAPTURE, NO_CAPTURE, NO_CAPTURE, MANAGED),
    "extension": ("addd", "done", NO_EXTENSIONS, NO_EXTENSIONS, NO_EXTENSIONS),
    "runCommand": ("addd", "done", NEEDED, NEEDED, NEEDED),
    "Update VM": ("aaad", "done", "done", "done", GENERALIZED),
    "Delete VM": ("rrrr", "gone", "gone", "gone", "gone"),
    "version of a generalized definition": ("dddd", MISMATCH, MISMATCH, MISMATCH, "done"),
    "version of a specialized definition": ("aaad", "done", "done", "done", MISMATCH),
    "disk delete": ("dddd", ATTACHED, ATTACHED, ATTACHED, ATTACHED),
    "disk beginGetAccess": ("saaa", LENT, LENT, "done", LENT),
    "snapshot": ("aaaa", "done", "done", "done", "done"),
}
SOURCES = {"r": "recorded", "d": "doc", "s": "seen", "a": "assumed"}
POWER = ("running", "stopped", "deallocated")
IN_ARMS_WORDS_400 = ("version of a generalized definition", "version of a specialized definition")
CELLS = [
    pytest.param(operation, state, outcome, id=f"{operation}-{state}-{SOURCES[letter]}")
    for operation, (letters, *outcomes) in MATRIX.items()
    for state, outcome, letter in zip(STATES, outcomes, letters, strict=True)
]


def create_image(yard: Yard, vm: str) -> requests.Response:
    properties = {"sourceVirtualMachine": {"id": vm}, "hyperVGeneration": "V2"}
    return yard.wire(
        "PUT", yard.path("images", "image"), {"location": "westeurope", "properties": properties}
    )


def create_version(yard: Yard, vm: str, state: str) -> requests.Response:
    parent = shelves.definition(yard, shelves.gallery(yard), osState=state)
    return yard.wire("PUT", f"{parent}/versions/1.0.0", shelves.body(vm))


def lend(yard: Yard, vm: str) -> requests.Response:
    path = f"{yard.os_disk(vm)}/beginGetAccess"
    return yard.wire("POST", path, {"access": "Read", "durationInSeconds": 60})


def snapshot(yard: Yard, vm: str) -> requests.Response:
    properties = {"creationData": {"createOption": "Copy", "sourceResourceId": yard.os_disk(vm)}}
    return yard.wire(
        "PUT", yard.path("snapshots", "shot"), {"location": "westeurope", "properties": properties}
    )


SCRIPT = {"commandId": "RunShellScript", "script": ["echo hello"]}
RESIZE = {"properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}}
REQUESTS: dict[str, Callable[[Yard, str], requests.Response]] = {
    "createImage": create_image,
    "extension": lambda yard, vm: yard.wire("DELETE", f"{vm}/extensions/custom"),
    "runCommand": lambda yard, vm: yard.act(vm, "runCommand", SCRIPT),
    "Update VM": lambda yard, vm: yard.wire("PATCH", vm, RESIZE),
    "Delete VM": lambda yard, vm: yard.wire("DELETE", vm),
    "version of a generalized definition": lambda yard, vm: create_version(yard, vm, "Generalized"),
    "version of a specialized definition": lambda yard, vm: create_version(yard, vm, "Specialized"),
    "disk delete": lambda yard, vm: yard.wire("DELETE", yard.os_disk(vm)),
    "disk beginGetAccess": lend,
    "snapshot": snapshot,
}


def perform(yard: Yard, vm: str, operation: str) -> requests.Response:
    """Send an operation of the matrix; what is not listed is an action of its name."""
    if operation in REQUESTS:
        return REQUESTS[operation](yard, vm)
    return yard.act(vm, operation)


@pytest.mark.parametrize(("operation", "state", "outcome"), CELLS)
def test_an_operation_in_a_state(yard: Yard, operation: str, state: str, outcome: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    before = yard.statuses(vm)
    response = perform(yard, vm, operation)
    if outcome in POWER:
        yard.done(response)
        assert f"PowerState/{outcome}" in yard.statuses(vm)
        assert yard.guest(vm)["running"] == (outcome == "running")
    elif outcome == "generalized":
        assert (response.status_code, response.text) == (200, "")
        assert "OSState/generalized" in yard.statuses(vm)
    elif outcome == "gone":
        yard.done(response)
        assert yard.wire("GET", vm).status_code == 404
    elif outcome == "done":
        assert response.status_code == 204 or yard.done(response) is not None
        assert yard.statuses(vm) == before
    else:
        status, code, message = yard.refused(response)
        wanted = (400, "InvalidParameter") if operation in IN_ARMS_WORDS_400 else (409, "OperationNotAllowed")
        assert (status, code) == ((409, "Conflict") if outcome == LENT else wanted)
        assert message.startswith(outcome.format(op=operation))
        assert yard.statuses(vm) == before


def test_an_operation_during_another_one_is_refused(own_yard: Yard) -> None:
    """The fifth column; all of it is one cell of the documentation."""
    yard = own_yard
    yard.behave("vm", provisioning="silent", agent="silent")
    yard.wire("PUT", yard.path("virtualMachines", "vm"), yard.machine_body())
    vm = yard.path("virtualMachines", "vm")
    refusing = [operation for operation in TABLE if operation != "Delete VM"]
    refusing += [operation for operation in ELSEWHERE if operation.startswith("version")]
    for operation in refusing:
        status, code, message = yard.refused(perform(yard, vm, operation))
        assert (operation, status, code) == (operation, 409, "OperationNotAllowed")
        assert message.endswith(BUSY), operation
    yard.done(perform(yard, vm, "Delete VM"))  # a deletion overtakes (assumed)
    assert yard.wire("GET", vm).status_code == 404


def test_the_matrix_has_every_cell_with_the_source_that_the_table_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = {name: [row[state].source for state in STATES] for name, row in TABLE.items()}
    known |= {name: [row[state] for state in STATES] for name, row in ELSEWHERE.items()}
    assert {name: [SOURCES[letter] for letter in row[0]] for name, row in MATRIX.items()} == known
    assert not [cell for row in TABLE.values() for cell in row.values() if cell.becomes and cell.refused]
    count = Counter(SOURCES[letter] for row in MATRIX.values() for letter in row[0])
    line = ", ".join(f"{source} {count[source]}" for source in SOURCES.values())
    with capsys.disabled():
        print(f"\ncells of operations and states {len(CELLS)}: {line}")
    assert len(CELLS) == count.total() == len(known) * len(STATES)


@pytest.mark.parametrize("kind", ["disks", "snapshots"])
def test_what_is_lent_out_is_deleted_only_after_it_was_taken_back(yard: Yard, kind: str) -> None:
    """The row that no machine is needed for (seen in public reports)."""
    disk = yard.disk("lent")
    path = disk if kind == "disks" else yard.snapshot("lent", disk)
    yard.done(yard.wire("POST", f"{path}/beginGetAccess", {"access": "Read", "durationInSeconds": 60}))
    status, code, message = yard.refused(yard.wire("DELETE", path))
    assert (status, code) == (409, "OperationNotAllowed")
    assert message.startswith("There is an active shared access signature outstanding")
    yard.done(yard.wire("POST", f"{path}/endGetAccess"))
    yard.done(yard.wire("DELETE", path))
    assert yard.wire("GET", path).status_code == 404
