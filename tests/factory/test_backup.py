from factory.backup import Backup, Part, choose_method, find_faults, manifest
from tests.factory.machines import disk, machine


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


def test_several_disks_of_a_running_vm_are_captured_at_one_moment() -> None:
    assert choose_method(machine()) == "restore-point"


def test_a_vm_that_is_off_or_has_one_disk_is_captured_by_snapshots() -> None:
    assert choose_method(machine(power_state="deallocated")) == "snapshots"
    assert choose_method(machine(data_disks=())) == "snapshots"


def test_a_backup_with_every_disk_in_its_size_has_no_fault() -> None:
    assert find_faults(machine(), Backup(method="snapshots", parts=(part(None), part(0)))) == []


def test_a_missing_disk_and_a_wrong_size_are_named() -> None:
    faults = find_faults(machine(), Backup(method="snapshots", parts=(part(0, size_gb=3),)))
    assert faults == ["disk app-os is not in the backup", "disk app-data-0 has 4 GiB, its backup 3 GiB"]


def test_the_manifest_holds_the_whole_model_and_says_its_version() -> None:
    written = manifest(machine(raw={"tags": {"a": "b"}}), Backup(method="snapshots", parts=(part(None),)))
    assert written["machine"] == {"tags": {"a": "b"}}
    assert written["version"] == 1
