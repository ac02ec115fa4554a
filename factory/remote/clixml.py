"""CLIXML: what PowerShell writes to a redirected error stream, and people should not have to read."""

import re
from xml.etree import ElementTree

_MARK = "#< CLIXML"
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DOCUMENT = re.compile(r"<Objs\b.*?</Objs>", re.DOTALL)
_POSITION = re.compile(r"\s*\+ |At (line:\d|[A-Za-z]:\\)")
_KEPT = ("error", "warning")


def without_positions(text: str) -> str:
    """Errors without PowerShell's drawings of where they happened: the last line is what went wrong."""
    lines = [line for line in text.splitlines() if line.strip() and not _POSITION.match(line)]
    return "\n".join(lines) if lines else text


def decode_clixml(text: str) -> str:
    """The errors and warnings in a stream as plain text; what is no CLIXML stays as it is."""
    if _MARK not in text:
        return text
    rest = text.replace(_MARK, "")
    parts = [_texts(document) for document in _DOCUMENT.findall(rest)]
    plain = _DOCUMENT.sub("", rest).strip()
    return "\n".join(part for part in ("".join(parts).strip(), plain) if part)


def _texts(document: str) -> str:
    """The strings of one document; progress and verbose records are left out.

    Its sender is the guest: no entity is ever declared in CLIXML, so a document with a DTD is none.
    """
    if "<!" in document:
        return document
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - no DTD, so nothing is expanded or fetched
    except ElementTree.ParseError:
        return document
    return "".join(
        _unescape(node.text or "")
        for node in root
        if node.tag.rpartition("}")[2] == "S" and node.get("S", "error").casefold() in _KEPT
    )


def _unescape(text: str) -> str:
    """`_x000D__x000A_` is how CLIXML writes the end of a line."""
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text).replace("\r\n", "\n")
