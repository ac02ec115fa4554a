"""The machine ID is blank, and there."""

from factory.guest.command import Output
from factory.linux.checks.machine_id_blank import machine_id_blank
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_empty_or_uninitialized_is_no_finding() -> None:
    for said in ("", "uninitialized"):
        output = Output(0, f"/etc/machine-id|{said}\n/var/lib/dbus/machine-id|{said}\n")
        assert machine_id_blank(output, context_of()) == []


def test_an_id_is_found_in_either_file() -> None:
    output = Output(0, "/etc/machine-id|ad0970ce\n/var/lib/dbus/machine-id|ad0970ce\n")
    assert machine_id_blank(output, context_of()) == [
        "/etc/machine-id still holds an ID",
        "/var/lib/dbus/machine-id still holds an ID",
    ]


def test_a_missing_file_is_found_but_not_that_of_d_bus() -> None:
    output = Output(0, "/etc/machine-id|missing\n/var/lib/dbus/machine-id|missing\n")
    assert machine_id_blank(output, context_of()) == [
        "/etc/machine-id is missing: it must be there, and empty"
    ]


def test_the_probe_tells_full_from_empty_from_missing(tree: Tree) -> None:
    assert len(tree.probe(machine_id_blank, context_of())) == 2
    (tree / "etc/machine-id").write_text("")
    (tree / "var/lib/dbus/machine-id").unlink()
    assert tree.probe(machine_id_blank, context_of()) == []
    (tree / "etc/machine-id").unlink()
    assert tree.probe(machine_id_blank, context_of())
