"""The new machine has an ID of its own."""

from factory.guest.command import Output
from factory.linux.checks.machine_id_new import machine_id_new
from tests.factory.linux.known import DEBIAN, context_of, verification_of


def test_an_id_of_its_own_is_no_finding() -> None:
    assert machine_id_new(Output(0, "d0c13d28c98f4823b1dfbe093530471c\n"), verification_of()) == []


def test_the_sources_id_is_found() -> None:
    assert machine_id_new(Output(0, f"{DEBIAN.machine_id}\n"), verification_of()) == [
        "the machine ID is the source's"
    ]


def test_no_id_is_found() -> None:
    for said in ("", "uninitialized\n"):
        [finding] = machine_id_new(Output(0, said), verification_of())
        assert "holds no ID" in finding


def test_not_knowing_the_sources_id_is_a_finding() -> None:
    assert machine_id_new(Output(0, f"{DEBIAN.machine_id}\n"), context_of())
