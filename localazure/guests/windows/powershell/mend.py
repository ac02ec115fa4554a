"""What the grammar misses of PowerShell, put into a form that it takes; the meaning stays.

Known gaps of tree-sitter-powershell: unquoted words in lists of arguments (`a, b`), words that begin with a
variable (`$env:X\\y`), ranges before an operator, calls in arguments that go on, a statement behind `param()` on
its line, and two switch clauses on one line when the second is `default`. Strings stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<here>@"[ \t]*\r?\n.*?\r?\n"@|@'[ \t]*\r?\n.*?\r?\n'@)
      | (?P<comment><\#.*?\#>|(?<![^\s;(){}|&])\#[^\n]*)
      | (?P<single>'(?:[^']|'')*')
      | (?P<double>"(?:`.|""|[^"`])*")
      | (?P<path>\$(?:\w+:)?\w+(?=\\|\.(?:exe|ps1|xml|txt|log|cmd|bat)\b|-\w)[^\s,;(){}|"'&]*)
      | (?P<variable>\$(?:\w+:)?\w+|\$\{[^}]*\})
      | (?P<range>(?<![\w.)\]$])\d+\.\.\d+(?![\w.]))
      | (?P<number>(?<![\w.])\d+(?:\.\d+)?[kKmMgGtT][bB](?!\w))
      | (?P<word>[A-Za-z_*.][\w.*?:\\+-]*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_Token = tuple[str, str]
_KEYWORDS = ("if", "elseif", "while", "until", "switch", "foreach", "for", "catch", "return", "in", "param")


def mended(source: str) -> str:
    """Return the script in the grammar's dialect."""
    tokens = [(str(match.lastgroup), match.group()) for match in _TOKEN.finditer(source)]
    return "".join(_mended(list(_wrapped(tokens))))


def _wrapped(tokens: list[_Token]) -> Iterator[_Token]:
    """Put parentheses around arguments that call and go on: `-Value (Get-Date).ToUniversalTime().ToString()`."""
    ends: list[int] = []
    for index, token in enumerate(tokens):
        while ends and ends[-1] == index:
            ends.pop()
            yield "other", ")"
        end = _chain_end(tokens, index) if _begins_argument(tokens, index) else None
        if end is not None:
            ends.append(end)
            yield "other", "("
        yield token
    for _ in ends:
        yield "other", ")"


def _begins_argument(tokens: list[_Token], index: int) -> bool:
    """Whether a value begins here, after a word and a space."""
    kind, text = tokens[index]
    if (
        not (kind == "variable" or text in ("(", "["))
        or index == 0
        or tokens[index - 1][1] not in (" ", "\t")
    ):
        return False
    before = next((one for one in reversed(tokens[:index]) if one[1] not in (" ", "\t")), ("", ""))
    return before[0] == "word" and before[1].lower() not in _KEYWORDS


def _chain_end(tokens: list[_Token], index: int) -> int | None:
    """Where a chain of members ends, if it calls one and then goes on; None for every other value."""
    at = _group_end(tokens, index) if tokens[index][1] in ("(", "[") else index + 1
    called = wanted = False
    while at < len(tokens):
        kind, text = tokens[at]
        if kind == "word" and text.startswith(".") and len(text) > 1:
            wanted = wanted or called
            at += 1
        elif text == ":" and tokens[at + 1 : at + 2] == [("other", ":")]:
            at += 3
        elif text == "(":
            called, at = True, _group_end(tokens, at)
        elif text == "[":
            at = _group_end(tokens, at)
        else:
            break
    return at if wanted else None


def _group_end(tokens: list[_Token], index: int) -> int:
    """The place behind the bracket that closes the one here."""
    depth = 0
    for at in range(index, len(tokens)):
        kind, text = tokens[at]
        if kind == "other":
            depth += (text in "([{") - (text in ")]}")
        if depth == 0:
            return at + 1
    return len(tokens)


def _mended(tokens: list[_Token]) -> Iterator[str]:
    brackets: list[str] = []
    before = ""
    for index, (kind, text) in enumerate(tokens):
        closed = ""
        if kind == "other" and text in "([{":
            glued = index > 0 and not tokens[index - 1][1].isspace()
            kind_of = "call" if text == "(" and glued and _is_called(before) else text
            brackets.append("param" if text == "(" and before.lower() == "param" else kind_of)
        elif kind == "other" and text in ")]}" and brackets:
            closed = brackets.pop()
        new = text
        inside_call = bool(brackets) and brackets[-1] in ("call", "[")
        if kind == "path" and not inside_call and _is_argument(tokens, index):
            new = f'"{text}"'
        elif (
            kind == "word"
            and not inside_call
            and _in_list(tokens, index)
            and not before.endswith((".", "::", "-", "$", "@"))
        ):
            new = f"'{text}'"
        elif kind == "word" and brackets[-2:] == ["[", "call"] and _next(tokens, index)[1] in (",", ")"):
            new = f"{text}=$true"
        elif (
            kind == "word" and text.lower() == "default" and before == "}" and _next(tokens, index)[1] == "{"
        ):
            new = ";" + text
        elif kind == "number":
            new = text.lower()
        elif kind == "range":
            new = f"({text})"
        elif closed == "param" and _next(tokens, index)[1] not in ("\n", ";", "}", ""):
            new = ");"
        elif kind == "comment":
            new = re.sub(
                r"[^\n]", " ", text
            )  # one before `param` in a script block ends the grammar's patience
        yield new
        if kind != "comment" and not text.isspace():
            before = text


def _is_called(before: str) -> bool:
    """Whether a parenthesis after this opens arguments of a method or an attribute."""
    return bool(before) and (before[-1].isalnum() or before[-1] in "]_") and before.lower() not in _KEYWORDS


def _next(tokens: list[_Token], index: int) -> _Token:
    for kind, text in tokens[index + 1 :]:
        if not text.isspace() or text == "\n":
            return kind, text
    return "", ""


def _previous(tokens: list[_Token], index: int) -> _Token:
    for kind, text in reversed(tokens[:index]):
        if not text.isspace():
            return kind, text
    return "", ""


def _in_list(tokens: list[_Token], index: int) -> bool:
    following, preceding = _next(tokens, index)[1], _previous(tokens, index)[1]
    spaced = index == 0 or tokens[index - 1][1].isspace() or tokens[index - 1][1] == ","
    return spaced and (
        (following == "," and preceding not in ("{", ";", ""))
        or (preceding == "," and following not in ("=", "("))
    )


def _is_argument(tokens: list[_Token], index: int) -> bool:
    """`$x-1` and `$x.exe` in expressions stay; a backslash after a variable is only ever a word."""
    text = tokens[index][1]
    return "\\" in text
