"""The machine took its host name."""

from factory.guest.command import Output
from factory.linux.checks.hostname_taken import hostname_taken
from tests.factory.linux.known import context_of, verification_of


def test_the_name_that_was_given_is_no_finding_in_any_case_or_domain() -> None:
    for said in ("test77\n", "TEST77\n", "test77.internal.cloudapp.net\n"):
        assert hostname_taken(Output(0, said), verification_of()) == []


def test_the_sources_name_is_found() -> None:
    assert hostname_taken(Output(0, "build01\n"), verification_of()) == [
        "the host name is build01, not test77"
    ]


def test_not_knowing_the_name_is_a_finding() -> None:
    assert hostname_taken(Output(0, "test77\n"), context_of())
