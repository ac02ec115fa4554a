"""Many commands through one real shell: nothing of one is lost or taken for another's."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.guest.command import sh, sh_script
from factory.guest.root_shell import Frame
from tests.factory.guest.shell import LocalShell

many_through_one_shell = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def shell() -> Iterator[LocalShell]:
    with LocalShell() as running:
        yield running


@many_through_one_shell
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_words_arrive_in_a_program_as_they_were_given(shell: LocalShell, given_words: list[str]) -> None:
    output = shell.run(sh("printf", "%s\\n", *given_words))
    assert output.stdout == "".join(f"{word}\n" for word in given_words)


@many_through_one_shell
@given(st.binary(max_size=5000), st.integers(0, 255))
def test_any_bytes_go_through_a_command_and_its_status_comes_back(
    shell: LocalShell, data: bytes, status: int
) -> None:
    script = 'tee /dev/stderr | od -An -v -tx1 | tr -d " \\n"; exit "$1"'
    output = shell.run(sh_script(script, str(status), stdin=data))
    assert (output.stdout, output.status) == (data.hex(), status)
    assert output.stderr == data.decode("utf-8", "replace")


@given(st.binary(max_size=300), st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1))
def test_a_frame_is_found_however_the_network_cuts_it(out: bytes, err: bytes, cuts: list[int]) -> None:
    frame = Frame(sh("x"), mark="m" * 32)
    _feed(frame.feed_stdout, b"old<" + b"m" * 32 + out + b">" + b"m" * 32 + b"7;\nnext", cuts)
    _feed(frame.feed_stderr, b"noise<" + b"m" * 32 + err + b">" + b"m" * 32 + b";\n", cuts)
    output = frame.output()
    assert (output.status, output.stdout) == (7, out.decode("utf-8", "replace"))
    assert output.stderr == err.decode("utf-8", "replace")


def _feed(take: object, data: bytes, cuts: list[int]) -> None:
    assert callable(take)
    turn = 0
    while data:
        size = cuts[turn % len(cuts)]
        take(data[:size])
        data, turn = data[size:], turn + 1


def test_a_frame_without_its_end_is_not_complete() -> None:
    frame = Frame(sh("sleep", "9"), mark="m")
    frame.feed_stdout(b"<mhalf")
    assert not frame.complete
    with pytest.raises(ValueError, match="sleep 9: has not ended"):
        frame.output()


def test_a_command_cannot_end_the_shell_or_move_it(shell: LocalShell) -> None:
    assert shell.run(sh("exit", "3")).status == 3
    shell.run(sh("cd", "/tmp"))
    assert shell.run(sh("pwd")).stdout == "/\n"


def test_a_command_that_reads_its_input_does_not_eat_the_next_command(shell: LocalShell) -> None:
    assert shell.run(sh("cat")).stdout == ""
    assert shell.run(sh("echo", "next")).stdout == "next\n"


def test_a_program_that_does_not_exist_is_an_exit_status(shell: LocalShell) -> None:
    output = shell.run(sh("no-such-program"))
    assert output.status == 127
    assert "not found" in output.stderr


def test_a_guard_that_fails_skips_the_command_and_says_nothing(shell: LocalShell) -> None:
    output = shell.run(sh("echo", "ran").if_exists("/no/such/path"))
    assert output.skipped
    assert output.stdout == output.stderr == ""


def test_a_guard_that_holds_lets_the_command_run(shell: LocalShell) -> None:
    output = shell.run(sh("echo", "ran").if_exists("/tmp").if_program("ls"))
    assert (output.skipped, output.stdout) == (False, "ran\n")


def test_what_a_background_process_prints_late_is_not_taken_for_the_next_output(shell: LocalShell) -> None:
    shell.run(sh_script("(sleep 0.3; echo late) & exit 0"))
    shell.run(sh("sleep", "0.6"))
    assert shell.run(sh("echo", "mine")).stdout == "mine\n"


def test_long_output_keeps_its_beginning_and_its_end(shell: LocalShell) -> None:
    output = shell.run(sh("seq", "1", "100000"), cap=2000)
    assert output.stdout.startswith("1\n2\n")
    assert output.stdout.endswith("99999\n100000\n")
    assert "bytes left out" in output.stdout
    assert len(output.stdout) < 2100


def test_a_hang_up_does_not_stop_what_runs(shell: LocalShell) -> None:
    output = shell.run(sh_script("kill -HUP $$; echo survived"))
    assert output.stdout == "survived\n"


def test_secret_input_is_in_no_processs_arguments(shell: LocalShell) -> None:
    probe = "cat > /dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"
    output = shell.run(sh_script(probe, stdin=b"correct horse battery"))
    assert "cat /dev/null" not in output.stdout
    assert "correct horse" not in output.stdout
    assert "Y29ycmVjdCBob3Jz" not in output.stdout


def test_the_shell_says_why_it_never_came_to_the_command() -> None:
    frame = Frame(sh("true"), mark="m")
    frame.feed_stderr(b"sudo: a password is required\n")
    assert frame.complaint == "sudo: a password is required"
