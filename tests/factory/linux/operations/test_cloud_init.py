"""cloud-init is asked to forget, by flags that it offers, and never to delete the machine ID."""

from factory.linux.context import Context
from factory.linux.operations.cloud_init import cloud_init
from tests.factory.linux.known import UBUNTU, context_of


def test_only_flags_that_this_version_offers_are_used() -> None:
    old = UBUNTU.model_copy(update={"cloud_init_clean_flags": ("--help", "--logs", "--reboot", "--seed")})
    older = UBUNTU.model_copy(update={"cloud_init_clean_flags": ("--logs",)})
    assert [command.line for command in cloud_init(context_of(old))] == ["cloud-init clean --logs --seed"]
    assert [command.line for command in cloud_init(context_of(older))] == ["cloud-init clean --logs"]


def test_the_machine_id_is_never_left_to_cloud_init() -> None:
    assert "--machine-id" in UBUNTU.cloud_init_clean_flags
    assert not any("machine-id" in command.line for command in cloud_init(context_of(UBUNTU)))


def test_a_machine_without_cloud_init_is_let_be(context: Context) -> None:
    assert not list(cloud_init(context))
