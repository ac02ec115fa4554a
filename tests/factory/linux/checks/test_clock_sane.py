"""The clock of the new machine is not behind."""

from factory.guest.command import Output
from factory.linux.checks.clock_sane import clock_sane
from tests.factory.linux.known import verification_of


def test_a_clock_after_the_sources_is_no_finding() -> None:
    assert clock_sane(Output(0, "1795398214\n"), verification_of()) == []


def test_a_clock_behind_the_sources_is_found() -> None:
    assert clock_sane(Output(0, "1795398000\n"), verification_of()) == [
        "the clock is 202 s behind the source's"
    ]


def test_a_clock_that_says_nothing_is_found() -> None:
    assert clock_sane(Output(0, ""), verification_of()) == ["the clock says ''"]
