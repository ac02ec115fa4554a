"""Cmdlets that write to streams, and those that make text of objects."""

from __future__ import annotations

from collections.abc import Iterator

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.display import listing, rendered, table
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.members import property_of
from localazure.guests.windows.powershell.values import Hashtable, PSObject, Value, is_list, unrolled


@cmdlet("Write-Output", "InputObject:0:rest NoEnumerate:switch", aliases="echo write", stream=True)
def write_output(call: Call) -> Iterator[Value]:
    """Send objects down the pipeline."""
    if call.has("InputObject"):
        for value in to_list(call.get("InputObject")):
            yield from unrolled(value)
    yield from call.input


@cmdlet("Write-Host", "Object:0:rest ForegroundColor BackgroundColor NoNewline:switch Separator", stream=True)
def write_host(call: Call) -> Iterator[Value]:
    """Write to the console."""
    values = to_list(call.get("Object")) if call.has("Object") else list(call.input) if call.piped else [""]
    call.shell.streams.host(call.text("Separator", " ").join(to_string(one) for one in values))
    yield from ()


@cmdlet("Write-Information", "MessageData:0:pipe Tags InformationAction")
def write_information(call: Call) -> Iterator[Value]:
    """Write to the information stream, which is not shown unless asked for."""
    if to_string(call.shell.read("InformationPreference")).lower() == "continue":
        call.shell.streams.host(call.text("MessageData"))
    yield from ()


@cmdlet("Write-Warning", "Message:0:pipe")
def write_warning(call: Call) -> Iterator[Value]:
    """Write to the warning stream."""
    if to_string(call.shell.read("WarningPreference")).lower() not in ("silentlycontinue", "ignore"):
        call.shell.streams.warning(call.text("Message"))
    yield from ()


@cmdlet("Write-Verbose", "Message:0:pipe")
def write_verbose(call: Call) -> Iterator[Value]:
    """Write to the verbose stream."""
    if to_string(call.shell.read("VerbosePreference")).lower() == "continue":
        call.shell.streams.verbose(call.text("Message"))
    yield from ()


@cmdlet("Write-Debug", "Message:0:pipe")
def write_debug(call: Call) -> Iterator[Value]:
    """Write to the debug stream, which is not shown."""
    yield from ()


@cmdlet(
    "Write-Progress",
    "Activity:0 Status:1 Id PercentComplete SecondsRemaining CurrentOperation ParentId Completed:switch SourceId",
)
def write_progress(call: Call) -> Iterator[Value]:
    """Progress is not shown where there is no console."""
    yield from ()


@cmdlet(
    "Write-Error",
    "Message:0:pipe Exception ErrorRecord ErrorId Category TargetObject CategoryActivity RecommendedAction",
)
def write_error(call: Call) -> Iterator[Value]:
    """Tell an error."""
    record = call.get("ErrorRecord")
    if isinstance(record, PSObject) and isinstance(record.base, PSError):
        call.report(record.base)
        return
    exception = call.get("Exception")
    message = (
        call.text("Message")
        if call.has("Message")
        else to_string(exception.get("Message"))
        if isinstance(exception, PSObject)
        else ""
    )
    error = PSError(
        message,
        kind="Microsoft.PowerShell.Commands.WriteErrorException",
        category=call.text("Category", "NotSpecified"),
        identifier=call.text("ErrorId", "Microsoft.PowerShell.Commands.WriteErrorException"),
    )
    error.command = "Write-Error"
    call.report(error)
    yield from ()


@cmdlet("Out-Null", "InputObject", stream=True)
def out_null(call: Call) -> Iterator[Value]:
    """Take everything and write nothing."""
    for _ in call.input:
        pass
    yield from ()


@cmdlet("Out-Host", "InputObject Paging:switch", aliases="oh", stream=True)
def out_host(call: Call) -> Iterator[Value]:
    """Write to the console."""
    for line in rendered(call.input):
        call.shell.streams.host(line)
    yield from ()


@cmdlet("Out-Default", "InputObject", stream=True)
def out_default(call: Call) -> Iterator[Value]:
    """Write to wherever output goes."""
    yield from call.input


@cmdlet("Out-String", "Stream:switch Width InputObject", stream=True)
def out_string(call: Call) -> Iterator[Value]:
    """Make text of objects."""
    lines = rendered([call.get("InputObject")] if call.has("InputObject") else call.input)
    if call.flag("Stream"):
        yield from lines
    else:
        yield "".join(f"{line}\r\n" for line in lines)


def _columns(call: Call) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    for one in to_list(call.get("Property")):
        if isinstance(one, Hashtable):
            name = next((one[k] for k in one if k.lower() in ("n", "name", "l", "label")), "")
            found.append(
                (to_string(name), next((one[k] for k in one if k.lower() in ("e", "expression")), None))
            )
        else:
            found.append((to_string(one), one))
    return found


def _rows(call: Call) -> tuple[list[PSObject], list[str] | None]:
    from localazure.guests.windows.cmdlets.objects import computed  # noqa: PLC0415 - a sibling

    values = [
        v for v in ([call.get("InputObject")] if call.has("InputObject") else call.input) if v is not None
    ]
    columns = [c for c in _columns(call) if c[0] != "*"]
    if not columns:
        return [v for v in values if isinstance(v, PSObject)], None
    rows = []
    for value in values:
        pairs = {
            name: computed(call, value, how)
            if not isinstance(how, str)
            else property_of(call.shell, value, how)
            for name, how in columns
        }
        rows.append(PSObject("Row", pairs, closed=False))
    return rows, [name for name, _ in columns]


@cmdlet(
    "Format-Table",
    "Property:0 AutoSize:switch HideTableHeaders:switch Wrap:switch GroupBy InputObject Force:switch",
    aliases="ft",
    stream=True,
)
def format_table(call: Call) -> Iterator[Value]:
    """Show as a table."""
    rows, names = _rows(call)
    if rows:
        columns = names or list(rows[0].shown) or [str(key) for key in rows[0].properties]
        lines = list(table(rows, columns))
        if call.flag("HideTableHeaders"):
            lines = ["", *lines[3:]]
        yield PSObject("Formatted", {"Lines": len(lines)}, base=lines)


@cmdlet("Format-List", "Property:0 GroupBy InputObject Force:switch", aliases="fl", stream=True)
def format_list(call: Call) -> Iterator[Value]:
    """Show as names and values."""
    rows, names = _rows(call)
    if rows:
        yield PSObject("Formatted", {"Lines": len(rows)}, base=list(listing(rows, names)))


@cmdlet(
    "Out-File",
    "FilePath:0:a=LiteralPath:a=Path Encoding:1 Append:switch Force:switch NoClobber:switch Width NoNewline:switch InputObject",
    stream=True,
)
def out_file(call: Call) -> Iterator[Value]:
    """Write what would be shown into a file."""
    lines = rendered([call.get("InputObject")] if call.has("InputObject") else call.input)
    end = "" if call.flag("NoNewline") else "\r\n"
    text = "".join(f"{line}{end}" for line in lines)
    codec = {
        "utf8": "utf-8-sig",
        "ascii": "ascii",
        "unicode": "utf-16",
        "default": "cp1252",
        "oem": "cp437",
        "string": "utf-16",
    }[call.text("Encoding", "unicode").lower()]
    path = call.machine.files.resolve(call.text("FilePath"), call.shell.directory)
    call.machine.files.write_text(path, text, encoding=codec, append=call.flag("Append"))
    yield from ()


__all__ = ["is_list"]
