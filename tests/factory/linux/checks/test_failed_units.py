"""No unit of systemd failed."""

from factory.guest.command import Output
from factory.linux.checks.failed_units import failed_units
from tests.factory.linux.known import context_of


def test_no_failed_unit_is_no_finding() -> None:
    assert failed_units(Output(0), context_of()) == []


def test_a_failed_unit_is_named_with_its_title() -> None:
    recorded = "ssh.service loaded failed failed OpenBSD Secure Shell server\n"
    assert failed_units(Output(0, recorded), context_of()) == [
        "ssh.service (OpenBSD Secure Shell server) failed"
    ]


def test_the_dot_that_some_versions_print_is_no_name() -> None:
    recorded = "● data.mount loaded failed failed /data\n"
    assert failed_units(Output(0, recorded), context_of()) == ["data.mount (/data) failed"]


def test_where_systemd_does_not_run_it_does_not_apply() -> None:
    assert failed_units(Output(0, skipped=True), context_of()) == []
