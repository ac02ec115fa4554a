"""JSON as deployments are read: comments, bare names, single quotes, trailing commas, strings of many lines.

Templates are written by people, and one command line sends theirs as they are, spliced into the request
behind a name without quotes (`…, template:{…}}`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_TOKENS = re.compile(
    r"""(?P<space>\s+|//[^\r\n]*|/\*.*?\*/)
    |(?P<double>"(?:[^"\\]|\\.)*")
    |(?P<single>'(?:[^'\\]|\\.)*')
    |(?P<word>[A-Za-z_$][\w$]*)
    |(?P<number>-?\d[\d.eE+-]*)
    |(?P<sign>[{}\[\]:,])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
DEEPEST = 128
"""Objects and arrays within each other (assumed; a text without end must not exhaust the stack)."""
_VALUES = frozenset(("true", "false", "null"))


def read(text: str) -> Any:
    """The value of a text; ValueError where not even this reading understands it."""
    words = list(_strict(text))
    kept = [
        word
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False)
        if not (word == "," and after in ("}", "]") and before not in ("{", "[", ","))
    ]
    _check_depth(kept)
    return json.loads(" ".join(kept), parse_constant=_refuse)


def _check_depth(words: list[str]) -> None:
    depth = 0
    for word in words:
        depth += (word in ("{", "[")) - (word in ("}", "]"))
        if depth > DEEPEST:
            raise ValueError(f"The reader's MaxDepth of {DEEPEST} has been exceeded")


def _strict(text: str) -> Iterator[str]:
    """The tokens of strict JSON."""
    for match in _TOKENS.finditer(text):
        kind, word = match.lastgroup, match.group()
        if kind == "double":
            yield _one_line(word[1:-1])
        elif kind == "single":
            yield _one_line(word[1:-1].replace("\\'", "'").replace('"', '\\"'))
        elif kind == "word" and word not in _VALUES:
            yield json.dumps(word) if text[match.end() :].lstrip()[:1] == ":" else word
        elif kind != "space":
            yield word


def _one_line(inside: str) -> str:
    """A string that may have been written over several lines."""
    escaped = inside.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no value")
