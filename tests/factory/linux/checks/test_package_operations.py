"""No package operation is half done."""

from factory.guest.command import Output
from factory.linux.checks.package_operations import package_operations
from factory.linux.package_managers.apt import APT
from tests.factory.linux.known import context_of

RECORDED = """The following packages are only half configured, probably due to problems
configuring them the first time.  The configuration should be retried using
 cron                 process scheduling daemon
"""


def test_silence_is_no_finding() -> None:
    assert package_operations(Output(0), context_of()) == []
    assert package_operations(Output(0, "\n"), context_of()) == []


def test_half_configured_packages_are_found() -> None:
    [finding] = package_operations(Output(0, RECORDED), context_of())
    assert "only half configured" in finding


def test_the_distributions_own_package_manager_is_asked() -> None:
    assert package_operations.command(context_of()) == APT.pending
