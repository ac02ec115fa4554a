"""Values in PowerShell commands arrive as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.guest.powershell import ps, ps_literal


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("plain", "'plain'"),
        ("it's", "'it''s'"),
        ('$env:X `n "q"', "'$env:X `n \"q\"'"),
        ("a\u2019b", "'a\u2019\u2019b'"),
        (5, "5"),
        (True, "1"),
    ],
)
def test_a_value_becomes_a_literal(value: str | int, literal: str) -> None:
    assert ps_literal(value) == literal


@given(st.text(st.characters(exclude_characters="\0")))
def test_no_value_ends_its_literal(value: str) -> None:
    """Between the outer quotes every quote, of whatever kind, comes in a pair."""
    inner = ps_literal(value)[1:-1]
    for quote in "'\u2018\u2019\u201a\u201b":
        inner = inner.replace(quote * 2, "")
    assert not set(inner) & set("'\u2018\u2019\u201a\u201b")


def test_a_name_must_be_a_name_and_a_value_without_nul() -> None:
    with pytest.raises(ValueError, match="name of a parameter"):
        ps("x", "", {"A; Remove-Item": "1"})
    with pytest.raises(ValueError, match="NUL"):
        ps("x", "", {"A": "a\0b"})


def test_what_is_shown_is_the_scripts_name_and_parameters() -> None:
    assert str(ps("facts", "secret text", {"Files": "a|b"})) == "facts -Files 'a|b'"
    assert str(ps("facts", "x", sensitive=True)) == "(hidden command)"
