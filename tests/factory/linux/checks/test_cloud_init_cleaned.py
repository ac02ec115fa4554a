"""cloud-init has forgotten the machine."""

from factory.guest.command import Output
from factory.linux.checks.cloud_init_cleaned import cloud_init_cleaned
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_an_empty_directory_or_scripts_alone_are_no_finding() -> None:
    assert cloud_init_cleaned(Output(0), context_of()) == []
    assert cloud_init_cleaned(Output(0, "/var/lib/cloud/scripts\n"), context_of()) == []


def test_an_instance_that_is_left_is_found() -> None:
    left = "/var/lib/cloud/instances\n/var/lib/cloud/instance\n/var/lib/cloud/data\n/var/lib/cloud/sem\n"
    assert cloud_init_cleaned(Output(0, left), context_of()) == [
        "/var/lib/cloud still holds data, instance, instances, sem"
    ]


def test_the_probe_sees_instances(tree: Tree) -> None:
    assert tree.probe(cloud_init_cleaned, context_of()) == ["/var/lib/cloud still holds instances"]
