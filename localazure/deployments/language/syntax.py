"""Expressions: `[concat(parameters('name'), '-nic')]` to a tree. A hand-written parser; nothing is executed.

    expression := primary ( '.' identifier | '[' expression ']' )*
    primary    := string | integer | identifier '(' [ expression ( ',' expression )* ] ')'

A quote in a string is written twice. A text that begins with `[[` is no expression: it means itself without
the first bracket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .errors import TemplateError, UnsupportedError, unparsable

LONGEST = 24_576
"""Characters of one expression (documented limit)."""
DEEPEST = 100
"""Nested calls of one expression (assumed; it keeps us from running out of stack)."""


@dataclass(frozen=True)
class Literal:
    """A string or an integer."""

    value: str | int


@dataclass(frozen=True)
class FunctionCall:
    """`name(arguments…)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Member:
    """`of.name`."""

    of: Node
    name: str


@dataclass(frozen=True)
class Index:
    """`of[at]`."""

    of: Node
    at: Node


Node = Literal | FunctionCall | Member | Index


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


_TOKENS = re.compile(
    r"""(?P<space>\s+)
    |(?P<LiteralString>'(?:[^']|'')*')
    |(?P<Integer>-?\d+)
    |(?P<Identifier>[A-Za-z_]\w*)
    |(?P<LeftParenthesis>\()|(?P<RightParenthesis>\))
    |(?P<LeftSquareBracket>\[)|(?P<RightSquareBracket>\])
    |(?P<Comma>,)|(?P<Dot>\.)
    |(?P<Unknown>.)""",
    re.VERBOSE | re.ASCII,
)


def is_expression(text: str) -> bool:
    """Whether ARM evaluates this string."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def unescape(text: str) -> str:
    """A string that is no expression, as it is meant."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """The tree of a string for which `is_expression` holds; TemplateError when it cannot be read."""
    inner = text[1:-1]
    if len(text) > LONGEST:
        raise TemplateError(f"The language expression exceeds the limit of '{LONGEST}' characters.")
    parser = _Parser(inner)
    node = parser.expression(0)
    parser.expect("EndOfData")
    return node


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKENS.finditer(text):
        kind = str(match.lastgroup)
        if kind != "space":
            yield _Token(kind, match.group())
    yield _Token("EndOfData", "")


class _Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _accept(self, kind: str) -> bool:
        if self._next.kind != kind:
            return False
        self._at += 1
        return True

    def expect(self, kind: str) -> _Token:
        """The next token, which must be of this kind."""
        if self._next.kind != kind:
            raise unparsable(self._text, kind, self._next.kind)
        return self._take() if kind != "EndOfData" else self._next

    def expression(self, depth: int) -> Node:
        """One expression with what hangs on it."""
        if depth > DEEPEST:
            raise TemplateError(f"The language expression is nested deeper than '{DEEPEST}' levels.")
        node = self._primary(depth)
        while True:
            if self._accept("Dot"):
                node = Member(node, self.expect("Identifier").text)
            elif self._accept("LeftSquareBracket"):
                at = self.expression(depth + 1)
                self.expect("RightSquareBracket")
                node = Index(node, at)
            else:
                return node

    def _primary(self, depth: int) -> Node:
        token = self._take()
        if token.kind == "LiteralString":
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.kind == "Integer":
            return Literal(int(token.text))
        if token.kind != "Identifier":
            raise unparsable(self._text, "Identifier", token.kind)
        if self._next.kind == "Dot":
            raise UnsupportedError(f"user-defined functions in templates ({token.text})")
        self.expect("LeftParenthesis")
        return FunctionCall(token.text, tuple(self._arguments(depth + 1)))

    def _arguments(self, depth: int) -> Iterator[Node]:
        if self._accept("RightParenthesis"):
            return
        yield self.expression(depth)
        while self._accept("Comma"):
            yield self.expression(depth)
        self.expect("RightParenthesis")


def calls(node: Node) -> Iterator[FunctionCall]:
    """Every call in a tree, the outer ones first."""
    if isinstance(node, FunctionCall):
        yield node
        for argument in node.arguments:
            yield from calls(argument)
    elif isinstance(node, Member):
        yield from calls(node.of)
    elif isinstance(node, Index):
        yield from calls(node.of)
        yield from calls(node.at)


def write(node: Node) -> str:
    """The text of a tree, without the outer brackets: what `parse` reads back to the same tree."""
    if isinstance(node, Literal):
        return str(node.value) if isinstance(node.value, int) else "'" + node.value.replace("'", "''") + "'"
    if isinstance(node, FunctionCall):
        return f"{node.name}({', '.join(write(argument) for argument in node.arguments)})"
    if isinstance(node, Member):
        return f"{write(node.of)}.{node.name}"
    return f"{write(node.of)}[{write(node.at)}]"
