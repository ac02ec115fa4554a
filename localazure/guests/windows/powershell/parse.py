"""From a script's text to its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser, Tree

from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.mend import mended

_LANGUAGE = Language(tree_sitter_powershell.language())
_TOLERATED = ("", ";", "\n")


@lru_cache(maxsize=256)
def parse(text: str) -> tuple[Tree, bytes]:
    """Parse a script; a syntax that is not understood is a ParserError that names the place."""
    source = mended(text.replace("\r\n", "\n")).encode()
    tree = Parser(_LANGUAGE).parse(source)
    for node in _faults(tree.root_node):
        raise _parser_error(node, source)
    return tree, source


def _faults(node: Node) -> Iterator[Node]:
    if not node.has_error:
        return
    if node.is_error or (node.is_missing and node.type not in _TOLERATED):
        yield node
    for child in node.children:
        yield from _faults(child)


def _parser_error(node: Node, source: bytes) -> PSError:
    row, column = node.start_point
    line = source.split(b"\n")[row].decode("utf-8", "replace")
    token = (node.text or b"").decode("utf-8", "replace").strip()[:60]
    error = PSError(
        f"Unexpected token '{token}' in expression or statement. "
        "[modelled Windows guest: the model does not know this syntax, or it is none]",
        kind="System.Management.Automation.ParseException",
        category="ParserError",
        identifier="UnexpectedToken",
        fatal=True,
    )
    error.position = f"At line:{row + 1} char:{column + 1}\n+ {line.strip()}\n+ ~~~"
    return error
