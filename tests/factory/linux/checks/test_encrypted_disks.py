"""Disks that Azure Disk Encryption encrypted from inside are found."""

from factory.guest.command import Output
from factory.linux.checks.encrypted_disks import encrypted_disks
from tests.factory.linux.known import context_of


def test_a_plain_disk_is_no_finding() -> None:
    plain = "/dev/sda1 / ext4 rw,relatime 0 0\n/dev/mapper/rootvg-rootlv /var xfs rw 0 0\n"
    assert encrypted_disks(Output(0, plain), context_of()) == []


def test_an_encrypted_root_is_found() -> None:
    [finding] = encrypted_disks(Output(0, "/dev/mapper/osencrypt / ext4 rw 0 0\n"), context_of())
    assert "decrypt the disks first" in finding


def test_the_volume_with_the_key_is_found() -> None:
    assert encrypted_disks(Output(0, "/dev/sdb1 /mnt/azure_bek_disk vfat rw 0 0\n"), context_of())
