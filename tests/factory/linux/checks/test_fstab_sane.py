"""Every line of fstab can be mounted on the next machine, or need not be."""

from factory.guest.command import Output
from factory.linux.checks.fstab_sane import fstab_sane
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_a_file_system_by_its_uuid_is_no_finding() -> None:
    assert fstab_sane(Output(0, "found|UUID=8c2cbe64|/data|ext4|defaults\n"), context_of()) == []


def test_a_disk_that_is_missing_would_stop_the_boot() -> None:
    assert fstab_sane(Output(0, "missing|UUID=dead|/old|ext4|defaults\n"), context_of()) == [
        "UUID=dead for /old does not exist, and the line in /etc/fstab has no nofail"
    ]


def test_a_disk_that_may_be_missing_is_no_finding() -> None:
    for option in ("defaults,nofail", "noauto"):
        line = f"missing|/dev/disk/cloud/azure_resource-part1|/mnt|auto|{option}\n"
        assert fstab_sane(Output(0, line), context_of()) == []


def test_a_name_that_changes_from_boot_to_boot_is_found() -> None:
    [finding] = fstab_sane(Output(0, "found|/dev/sdc1|/data|ext4|defaults\n"), context_of())
    assert "needs UUID=" in finding


def test_the_root_that_we_run_on_is_not_doubted() -> None:
    assert fstab_sane(Output(0, "missing|LABEL=osroot|/|ext4|defaults\n"), context_of()) == []


def test_the_probe_reads_fstab_past_comments(tree: Tree) -> None:
    (tree / "etc/fstab").write_text(
        "# a comment\n\nUUID=dead /old ext4 defaults 0 2\ntmpfs /x tmpfs size=1m\n"
    )
    assert len(tree.probe(fstab_sane, context_of())) == 1


def test_a_machine_without_fstab_is_no_finding(tree: Tree) -> None:
    assert tree.probe(fstab_sane, context_of()) == []
