"""JSON, secrets, searching in text, hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.operators import regex
from localazure.guests.windows.powershell.types import match_object, plain, secure
from localazure.guests.windows.powershell.values import CaseDict, PSObject, Value, custom


@cmdlet("ConvertTo-Json", "InputObject:0 Depth Compress:switch AsArray:switch", stream=True)
def convert_to_json(call: Call) -> Iterator[Value]:
    """Make JSON."""
    if call.has("InputObject"):
        value: Value = call.get("InputObject")
    else:
        values = list(call.input)
        value = values[0] if len(values) == 1 else values
    data = plain(value, call.number("Depth", 2))
    text = (
        json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        if call.flag("Compress")
        else json.dumps(data, ensure_ascii=False, indent=4).replace("\n", "\r\n").replace('": ', '":  ')
    )
    for character, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")):
        text = text.replace(character, code)
    yield text


@cmdlet("ConvertFrom-Json", "InputObject:0", stream=True)
def convert_from_json(call: Call) -> Iterator[Value]:
    """Read JSON."""
    text = (
        call.text("InputObject")
        if call.has("InputObject")
        else "\n".join(to_string(one) for one in call.input)
    )
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except ValueError as error:
        raise call.fail(
            f"Invalid JSON primitive: {text[:20]}. {error}",
            kind="System.ArgumentException",
            category="NotSpecified",
        ) from None
    yield _read(data)


def _read(data: Any) -> Value:
    if isinstance(data, dict):
        return custom({key: _read(value) for key, value in data.items()})
    return [_read(one) for one in data] if isinstance(data, list) else data


@cmdlet("ConvertTo-SecureString", "String:0:pipe AsPlainText:switch Force:switch Key")
def convert_to_secure_string(call: Call) -> Iterator[Value]:
    """Wrap a secret."""
    if not call.flag("AsPlainText"):
        raise call.fail("Input string was not in a correct format.", kind="System.FormatException")
    yield secure(call.text("String"))


@cmdlet(
    "Select-String",
    "Pattern:0 Path:1 InputObject LiteralPath Quiet:switch SimpleMatch:switch CaseSensitive:switch AllMatches:switch NotMatch:switch List:switch Context Encoding Raw:switch",
    aliases="sls",
    stream=True,
)
def select_string(call: Call) -> Iterator[Value]:
    """Find lines."""
    hits = list(_hits(call))
    if call.flag("Quiet"):
        yield bool(hits)
    else:
        yield from hits


def _lines(call: Call) -> Iterator[tuple[str, int, str]]:
    if call.has("Path") or call.has("LiteralPath"):
        for pattern in call.texts("Path") or call.texts("LiteralPath"):
            for path in call.machine.files.matching(
                call.machine.files.resolve(pattern, call.shell.directory)
            ):
                for number, line in enumerate(call.machine.files.read_text(path).splitlines(), 1):
                    yield path, number, line
        return
    for number, value in enumerate(call.input, 1):
        if isinstance(value, PSObject) and value.type_name == "System.IO.FileInfo":
            path = to_string(value.get("FullName"))
            for inner, line in enumerate(call.machine.files.read_text(path).splitlines(), 1):
                yield path, inner, line
        else:
            yield "InputStream", number, to_string(value)


def _hits(call: Call) -> Iterator[Value]:
    import re  # noqa: PLC0415 - used here alone

    patterns = [re.escape(p) if call.flag("SimpleMatch") else p for p in call.texts("Pattern")]
    for path, number, line in _lines(call):
        found = next(
            (m for p in patterns if (m := regex(p, exact=call.flag("CaseSensitive")).search(line))), None
        )
        if (found is not None) == call.flag("NotMatch"):
            continue
        shown = line if path == "InputStream" else f"{path}:{number}:{line}"
        yield PSObject(
            "Microsoft.PowerShell.Commands.MatchInfo",
            CaseDict(
                {
                    "Line": line,
                    "LineNumber": number,
                    "Path": path,
                    "Filename": path.rpartition("\\")[2],
                    "Pattern": patterns[0],
                    "Matches": [match_object(found)] if found else [],
                }
            ),
            text=shown,
            shown=("Line",),
        )


@cmdlet("Get-FileHash", "Path:0:pipe:a=LiteralPath:a=FullName Algorithm")
def get_file_hash(call: Call) -> Iterator[Value]:
    """Tell a file's hash."""
    name = call.text("Algorithm", "SHA256")
    for text in call.texts("Path"):
        path = call.machine.files.resolve(text, call.shell.directory)
        if not call.machine.files.is_file(path):
            call.report(
                call.fail(
                    f"Cannot find path '{path}' because it does not exist.",
                    kind="System.Management.Automation.ItemNotFoundException",
                    category="ObjectNotFound",
                    identifier="FileNotFound",
                    target=path,
                )
            )
            continue
        digest = hashlib.new(name.lower(), call.machine.files.read_bytes(path)).hexdigest().upper()
        yield PSObject(
            "Microsoft.Powershell.Utility.FileHash",
            {"Algorithm": name.upper(), "Hash": digest, "Path": path},
            shown=("Algorithm", "Hash", "Path"),
        )


__all__ = ["to_list"]
