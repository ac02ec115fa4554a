"""The data disks of the image are at their LUNs."""

from factory.guest.command import Output
from factory.linux.checks.data_disks_present import data_disks_present
from tests.factory.linux.known import DEBIAN, context_of, verification_of

RECORDED = "lun0|1073741824|ext4|8c2c|/data\n"


def test_the_disk_with_its_file_system_is_no_finding() -> None:
    assert data_disks_present(Output(0, RECORDED), verification_of()) == []


def test_a_disk_that_is_missing_is_found() -> None:
    assert data_disks_present(Output(0), verification_of()) == ["there is no data disk at LUN 0"]


def test_a_disk_at_another_lun_does_not_count() -> None:
    moved = RECORDED.replace("lun0", "lun1")
    assert data_disks_present(Output(0, moved), verification_of()) == ["there is no data disk at LUN 0"]


def test_an_empty_disk_is_found() -> None:
    assert data_disks_present(Output(0, "lun0|1073741824|||\n"), verification_of()) == [
        "the data disk at LUN 0 lacks the file system 8c2c"
    ]


def test_partitions_are_looked_into() -> None:
    partitioned = "lun0|1073741824|||\nlun0-part1|1072693248|ext4|8c2c|/data\n"
    assert data_disks_present(Output(0, partitioned), verification_of()) == []


def test_an_image_without_data_disks_needs_none() -> None:
    context = verification_of(DEBIAN)
    assert context.expected
    without = context.expected.model_copy(update={"luns": ()})
    assert data_disks_present(Output(0), context.model_copy(update={"expected": without})) == []


def test_not_knowing_what_to_expect_is_a_finding() -> None:
    assert data_disks_present(Output(0, RECORDED), context_of())
