"""CLIXML: what Windows PowerShell writes on its standard error when its input is no console.

Every line of an error is a string of its own whose line end is escaped; the first line of the whole says what
it is. Clients put the strings together again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

HEAD = "#< CLIXML\r\n"
_NAMESPACE = "http://schemas.microsoft.com/powershell/2004/04"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]|_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """Escape what XML cannot hold as `_xHHHH_`."""
    return escape(_CONTROL.sub(lambda m: f"_x{ord(m.group()):04X}_", text))


def entry(stream: str, text: str) -> str:
    """One line of a stream (`Error`, `Warning`, `verbose`)."""
    return f'<S S="{stream}">{escaped(text)}_x000D__x000A_</S>'


def document(entries: Iterable[str]) -> str:
    """The whole of it."""
    return f'<Objs Version="1.1.0.1" xmlns="{_NAMESPACE}">{"".join(entries)}</Objs>'
