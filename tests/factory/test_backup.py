"""What is decided about a backup, without a cloud."""

from datetime import UTC, datetime
from typing import Any

import pytest

from factory.azure.machine_models import Agent
from factory.backup import choose_consistency, choose_method, find_faults
from factory.errors import InvalidInput
from factory.manifest import DiskModel, MachineModel, Manifest, Part, parse_manifest
from tests.factory.machines import disk, machine
from tests.factory.recipes import MACHINE


def part(lun: int | None, size_gb: int = 4) -> Part:
    source = disk(lun)
    return Part(
        lun=lun,
        disk_id=source.id.upper(),
        disk_name=source.name,
        size_gb=size_gb,
        sku="Premium_LRS",
        caching="None",
        source_id="/snapshots/s",
    )


def model(**changes: Any) -> MachineModel:
    found = [disk(None), disk(0)]
    facts: dict[str, Any] = {
        "id": MACHINE,
        "name": "app-vm",
        "group": "app",
        "location": "westeurope",
        "size": "Standard_B1s",
        "os_type": "Linux",
        "disks": tuple(DiskModel(lun=one.lun, id=one.id, name=one.name, size_gb=4) for one in found),
        "interfaces": (),
    }
    return MachineModel(**{**facts, **changes})


def manifest(**changes: Any) -> Manifest:
    facts: dict[str, Any] = {
        "run_id": "26030401020304ab",
        "factory": "golden",
        "recipe": "app-debian",
        "group": "golden-app-backup",
        "taken": datetime(2026, 3, 4, tzinfo=UTC),
        "method": "snapshots",
        "consistency": "powered off",
        "machine": model(),
        "parts": (part(None), part(0)),
    }
    return Manifest(**{**facts, **changes})


def test_several_disks_of_a_running_vm_are_captured_at_one_moment() -> None:
    assert choose_method(machine()) == "restore-point"


def test_a_vm_that_is_off_or_has_one_disk_is_captured_by_snapshots() -> None:
    assert choose_method(machine(power_state="deallocated")) == "snapshots"
    assert choose_method(machine(data_disks=())) == "snapshots"


def test_azure_is_asked_to_quiesce_a_guest_only_where_its_agent_is_there() -> None:
    assert choose_consistency(machine(agent=Agent(status="Ready"))) is None
    assert choose_consistency(machine(agent=Agent())) == "CrashConsistent"


def test_a_backup_with_every_disk_in_its_size_has_no_fault() -> None:
    assert find_faults(model(), (part(None), part(0))) == []


def test_a_missing_disk_and_a_wrong_size_are_named() -> None:
    faults = find_faults(model(), (part(0, size_gb=3),))
    assert faults == ["disk app-os is not in the backup", "disk app-data-0 has 4 GiB, its backup 3 GiB"]


def test_a_manifest_reads_back_as_it_was_written() -> None:
    assert parse_manifest(manifest().text(), "here") == manifest()


@pytest.mark.parametrize(
    ("text", "said"), [("{}", "version None"), ('{"version": 3}', "version 3"), ("no", "cannot be read")]
)
def test_a_manifest_of_another_version_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_manifest(text, "group g")
