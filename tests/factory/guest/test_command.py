"""Commands are quoted once, whatever their words hold."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.guest.command import Command, Output, sh, sh_script

words = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)


@given(words)
def test_a_shell_reads_the_very_words_that_were_given(given_words: list[str]) -> None:
    assert shlex.split(sh(*given_words).line) == given_words


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_parameter_of_a_script_is_never_part_of_its_text(value: str) -> None:
    assert shlex.split(sh_script('rm -- "$1"', value).line) == ["sh", "-c", 'rm -- "$1"', "sh", value]


def test_a_command_without_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="name of a program"):
        sh()


def test_a_nul_byte_is_refused_because_no_program_could_receive_it() -> None:
    with pytest.raises(ValueError, match="NUL"):
        sh("touch", "a\0b")


def test_a_sensitive_command_shows_neither_its_words_nor_its_input() -> None:
    command = sh("chpasswd", "--hunter2", stdin=b"root:hunter3", sensitive=True)
    assert "hunter" not in f"{command} {command!r}"


def test_input_is_never_shown() -> None:
    assert "hunter" not in repr(sh("chpasswd", stdin=b"root:hunter2"))


def test_conditions_add_up() -> None:
    command = sh("x").if_exists("/a b").if_program("y")
    assert command.guard == "test -e '/a b' && command -v y"


def test_an_output_is_ok_only_when_the_command_ran_and_succeeded() -> None:
    assert Output(0).ok
    assert not Output(1).ok
    assert not Output(0, skipped=True).ok


def test_commands_of_the_same_words_are_equal() -> None:
    assert sh("a", "b c") == Command("a 'b c'")
