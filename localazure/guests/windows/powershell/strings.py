"""String literals: quotes, escapes, interpolation, here-strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.values import Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from localazure.guests.windows.powershell.shell import Shell

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def literal(text: str) -> str:
    """A string in single quotes, or a here-string in them."""
    if text.startswith("@'"):
        return text.partition("\n")[2].rpartition("\n")[0].replace("\r", "")
    return text[1:-1].replace("''", "'")


def interpolated(shell: Shell, node: Node) -> str:
    """A string in double quotes, or a here-string in them."""
    raw = node.text or b""
    start, end = node.start_byte, node.end_byte
    here = raw.startswith(b'@"')
    if here:
        start += raw.index(b"\n") + 1
        end -= len(raw) - raw.rindex(b"\n")
    else:
        start, end = start + 1, end - 1
    out, at = "", start
    for hole in node.named_children:
        if hole.type not in ("variable", "sub_expression") or not start <= hole.start_byte < end:
            continue
        out += _plain(raw[at - node.start_byte : hole.start_byte - node.start_byte], here)
        out += _shown(shell, hole)
        at = hole.end_byte
    return out + _plain(raw[at - node.start_byte : max(end, at) - node.start_byte], here)


def _shown(shell: Shell, hole: Node) -> str:
    from localazure.guests.windows.powershell.expressions import evaluate  # noqa: PLC0415 - mutual

    value: Value = evaluate(shell, hole)
    return to_string(value)


def _plain(raw: bytes, here: bool) -> str:
    text, out, index = raw.decode("utf-8", "replace"), "", 0
    while index < len(text):
        char = text[index]
        if char == "`" and index + 1 < len(text):
            index += 1
            out += _ESCAPES.get(text[index], text[index])
        elif char == '"' and not here and text[index : index + 2] == '""':
            index += 1
            out += '"'
        else:
            out += char
        index += 1
    return out
