"""The boot came to its end."""

from factory.guest.command import Output
from factory.linux.checks.boot_finished import boot_finished
from tests.factory.linux.known import context_of


def test_running_and_degraded_have_both_ended() -> None:
    assert boot_finished(Output(0, "running\n"), context_of()) == []
    assert boot_finished(Output(0, "degraded\n"), context_of()) == []


def test_a_boot_that_hangs_is_found() -> None:
    assert boot_finished(Output(0, "starting\n"), context_of()) == [
        "systemd is still starting after five minutes"
    ]
    assert boot_finished(Output(0), context_of()) == ["systemd is still silent after five minutes"]
