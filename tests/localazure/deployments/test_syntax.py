"""Expressions: what is one, what they say, and what cannot be read."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localazure.deployments.language.errors import TemplateError, UnsupportedError
from localazure.deployments.language.syntax import (
    DEEPEST,
    LONGEST,
    FunctionCall,
    Index,
    Literal,
    Member,
    Node,
    is_expression,
    parse,
    unescape,
    write,
)

NAMES = st.text(string.ascii_letters, min_size=1, max_size=8)
LEAVES = st.one_of(
    st.integers(-(10**9), 10**9).map(Literal),
    st.text(max_size=12).map(Literal),
    NAMES.map(lambda n: FunctionCall(n, ())),
)


def _branches(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    # a number or a text cannot be followed by `.name` in what people write, but the grammar allows it
    return st.one_of(
        st.builds(FunctionCall, NAMES, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Member, inner.filter(lambda node: not isinstance(node, Literal)), NAMES),
        st.builds(Index, inner, inner),
    )


TREES = st.recursive(LEAVES, _branches, max_leaves=12)


@given(TREES)
def test_what_is_written_is_read_back_as_the_same_tree(tree: Node) -> None:
    assert parse(f"[{write(tree)}]") == tree


@given(TREES, st.sampled_from([" ", "\n", "\t", "  "]))
def test_space_between_the_parts_means_nothing(tree: Node, space: str) -> None:
    if "'" not in write(tree):
        wide = write(tree)
        for sign in "()[],.":
            wide = wide.replace(sign, f"{space}{sign}{space}")
        assert parse(f"[{wide}]") == tree


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_breaks_the_parser(text: str) -> None:
    try:
        parse(f"[{text}]")
    except (TemplateError, UnsupportedError) as refusal:
        assert str(refusal)


@given(st.text(alphabet="()[],.'a1- ", max_size=40))
def test_any_arrangement_of_signs_is_read_or_refused(text: str) -> None:
    try:
        tree = parse(f"[{text}]")
    except (TemplateError, UnsupportedError):
        return
    assert parse(f"[{write(tree)}]") == tree


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("[concat('a')]", True),
        ("plain", False),
        ("[[not one]", False),
        ("[open", False),
        ("closed]", False),
        ("", False),
        ("[]", True),
    ],
)
def test_an_expression_is_what_stands_in_single_brackets(text: str, yes: bool) -> None:
    assert is_expression(text) is yes


def test_two_brackets_at_the_start_are_one_that_is_meant() -> None:
    assert unescape("[[concat('a')]") == "[concat('a')]"
    assert unescape("[[open") == "[[open"
    assert unescape("plain") == "plain"


def test_a_quote_in_a_text_is_written_twice() -> None:
    assert parse("['it''s']") == Literal("it's")
    assert parse("['''']") == Literal("'")


@pytest.mark.parametrize(
    ("text", "expected", "actual"),
    [
        ("[concat('a'))]", "EndOfData", "RightParenthesis"),
        ("[concat('a']", "RightParenthesis", "EndOfData"),
        ("[concat('a' 'b')]", "RightParenthesis", "LiteralString"),
        ("[concat]", "LeftParenthesis", "EndOfData"),
        ("[f().]", "Identifier", "EndOfData"),
        ("[f()[0]", "RightSquareBracket", "EndOfData"),
        ("[f(,)]", "Identifier", "Comma"),
        ("[]", "Identifier", "EndOfData"),
        ("['open]", "Identifier", "Unknown"),
        ("[1 + 2]", "EndOfData", "Unknown"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_token_in_the_way(
    text: str, expected: str, actual: str
) -> None:
    with pytest.raises(TemplateError, match=f"expected token '{expected}' and actual '{actual}'"):
        parse(text)


def test_nesting_has_an_end_before_the_stack_has() -> None:
    deep = "f(" * (DEEPEST + 5) + ")" * (DEEPEST + 5)
    with pytest.raises(TemplateError, match="nested deeper"):
        parse(f"[{deep}]")
    with pytest.raises(TemplateError, match="exceeds the limit"):
        parse(f"['{'x' * LONGEST}']")


def test_functions_of_a_namespace_are_not_implemented_rather_than_wrong() -> None:
    with pytest.raises(UnsupportedError, match="contoso"):
        parse("[contoso.unique('a')]")
