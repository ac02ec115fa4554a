"""Time, variables, commands and other things of the shell itself."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from localazure.guests.windows.powershell.cmdlet import ALIASES, CMDLETS, Call, cmdlet
from localazure.guests.windows.powershell.convert import to_datetime, to_int, to_list, to_number
from localazure.guests.windows.powershell.operators import format_date, wildcard
from localazure.guests.windows.powershell.values import PSObject, Value
from localazure.guests.windows.programs import find_program


@cmdlet("Start-Sleep", "Seconds:0:pipe:a=s Milliseconds:a=m", aliases="sleep")
def start_sleep(call: Call) -> Iterator[Value]:
    """Wait."""
    seconds = to_number(call.get("Seconds")) if call.has("Seconds") else call.number("Milliseconds") / 1000
    call.shell.sleep(float(seconds))
    yield from ()


@cmdlet("Get-Date", "Date:0:pipe Format UFormat Year Month Day Hour Minute Second DisplayHint")
def get_date(call: Call) -> Iterator[Value]:
    """Tell the time."""
    now = to_datetime(call.get("Date")) if call.has("Date") else call.shell.now()
    changes = {
        n.lower(): call.number(n) for n in ("Year", "Month", "Day", "Hour", "Minute", "Second") if call.has(n)
    }
    now = now.replace(**changes) if changes else now  # type: ignore[arg-type]  # they are all numbers
    if call.has("UFormat"):
        yield (
            str(int(now.timestamp())) if call.text("UFormat") == "%s" else now.strftime(call.text("UFormat"))
        )
    else:
        yield format_date(now, call.text("Format")) if call.has("Format") else now


@cmdlet("New-TimeSpan", "Start:0 End:1 Days Hours Minutes Seconds Milliseconds")
def new_timespan(call: Call) -> Iterator[Value]:
    """Make a duration."""
    if call.has("Start") or call.has("End"):
        yield to_datetime(call.get("End", call.shell.now())) - to_datetime(
            call.get("Start", call.shell.now())
        )
        return
    yield dt.timedelta(
        days=call.number("Days"),
        hours=call.number("Hours"),
        minutes=call.number("Minutes"),
        seconds=call.number("Seconds"),
        milliseconds=call.number("Milliseconds"),
    )


@cmdlet("Get-Random", "Maximum:0 Minimum InputObject Count SetSeed", stream=True)
def get_random(call: Call) -> Iterator[Value]:
    """Choose at random."""
    pool = to_list(call.get("InputObject")) if call.has("InputObject") else list(call.input)
    if pool:
        chosen = random.sample(pool, min(call.number("Count", 1), len(pool)))
        yield from chosen
    else:
        yield random.randrange(call.number("Minimum"), call.number("Maximum", 2**31 - 1))  # noqa: S311 - chance


@cmdlet("Get-Variable", "Name:0 ValueOnly:switch Scope Include Exclude", aliases="gv")
def get_variable(call: Call) -> Iterator[Value]:
    """Read variables."""
    for name in call.texts("Name"):
        if not call.shell.defined(name):
            call.report(
                call.fail(
                    f"Cannot find a variable with the name '{name}'.",
                    kind="System.Management.Automation.ItemNotFoundException",
                    category="ObjectNotFound",
                    identifier="VariableNotFound",
                    target=name,
                )
            )
            continue
        value = call.shell.read(name)
        yield (
            value
            if call.flag("ValueOnly")
            else PSObject("System.Management.Automation.PSVariable", {"Name": name, "Value": value})
        )


@cmdlet("Set-Variable", "Name:0 Value:1 Scope Option Force:switch", aliases="sv set")
def set_variable(call: Call) -> Iterator[Value]:
    """Write a variable."""
    scope = call.text("Scope").lower()
    prefix = f"{scope}:" if scope in ("global", "script") else ""
    call.shell.write(prefix + call.text("Name"), call.get("Value"))
    yield from ()


@cmdlet("Remove-Variable", "Name:0 Force:switch Scope", aliases="rv")
def remove_variable(call: Call) -> Iterator[Value]:
    """Forget variables."""
    for name in call.texts("Name"):
        call.shell.scope.variables.pop(name)
    yield from ()


@cmdlet("Set-StrictMode", "Version Off:switch")
def set_strict_mode(call: Call) -> Iterator[Value]:
    """Nothing is stricter here: what is not known ends the script anyway."""
    yield from ()


@cmdlet("Set-ExecutionPolicy", "ExecutionPolicy:0 Scope:1 Force:switch")
def set_execution_policy(call: Call) -> Iterator[Value]:
    """Keep the policy where Windows does."""
    if call.text("Scope", "LocalMachine").lower() == "localmachine":
        key = r"HKLM\SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell"
        call.machine.registry.set(key, "ExecutionPolicy", call.text("ExecutionPolicy"))
    yield from ()


@cmdlet("Get-ExecutionPolicy", "Scope List:switch")
def get_execution_policy(call: Call) -> Iterator[Value]:
    """Tell the policy."""
    key = r"HKLM\SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell"
    yield call.machine.registry.value(key, "ExecutionPolicy", "RemoteSigned")


@cmdlet("Get-Command", "Name:0:pipe Module CommandType All:switch", aliases="gcm")
def get_command(call: Call) -> Iterator[Value]:
    """Find commands. What the model does not have is not there: scripts ask so before they use it."""
    for name in call.texts("Name"):
        found = list(_commands(call, name))
        if not found and "*" not in name:
            call.report(
                call.fail(
                    f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
                    kind="System.Management.Automation.CommandNotFoundException",
                    category="ObjectNotFound",
                    identifier="CommandNotFoundException",
                    target=name,
                )
            )
        yield from found


def _commands(call: Call, name: str) -> Iterator[PSObject]:
    expression = wildcard(ALIASES.get(name.lower(), name))
    for low, one in CMDLETS.items():
        if expression.fullmatch(low):
            yield _command(one.name, "Cmdlet")
    if call.shell.function(name) is not None:
        yield _command(name, "Function")
    elif "*" not in name and (path := find_program(call.shell, name)):
        yield _command(path.rpartition("\\")[2], "Application", path)


def _command(name: str, kind: str, source: str = "") -> PSObject:
    return PSObject(
        f"System.Management.Automation.{kind}Info",
        {
            "CommandType": kind,
            "Name": name,
            "Version": "3.1.0.0",
            "Source": source,
            "Path": source,
            "Definition": name,
        },
        text=name,
        shown=("CommandType", "Name", "Version", "Source"),
    )


@cmdlet(
    "Import-Module",
    "Name:0:pipe Force:switch Global:switch DisableNameChecking:switch PassThru:switch RequiredVersion MinimumVersion SkipEditionCheck:switch UseWindowsPowerShell:switch",
    aliases="ipmo",
)
def import_module(call: Call) -> Iterator[Value]:
    """All that is modelled is there already; a module that is not modelled is missing."""
    known = (
        "appx",
        "dism",
        "scheduledtasks",
        "storage",
        "bitlocker",
        "servermanager",
        "netsecurity",
        "pki",
        "microsoft.powershell.",
        "cimcmdlets",
        "international",
        "defender",
        "nettcpip",
    )
    for name in call.texts("Name"):
        if not name.lower().startswith(known):
            call.report(
                call.fail(
                    f"The specified module '{name}' was not loaded because no valid module file was found in any module directory.",
                    kind="System.IO.FileNotFoundException",
                    category="ResourceUnavailable",
                    identifier="Modules_ModuleNotFound",
                    target=name,
                )
            )
    yield from ()


@cmdlet("Get-Location", "", aliases="gl pwd")
def get_location(call: Call) -> Iterator[Value]:
    """Tell the current folder."""
    yield call.shell.read("PWD")


@cmdlet("Set-Location", "Path:0:pipe:a=LiteralPath PassThru:switch", aliases="cd chdir sl")
def set_location(call: Call) -> Iterator[Value]:
    """Change the current folder."""
    path = call.machine.files.resolve(call.text("Path"), call.shell.directory)
    if not call.machine.files.is_directory(path):
        raise call.fail(
            f"Cannot find path '{path}' because it does not exist.",
            kind="System.Management.Automation.ItemNotFoundException",
            category="ObjectNotFound",
            identifier="PathNotFound",
            target=path,
        )
    call.shell.directory = call.shell.process.directory = call.machine.files.written_path(path)
    yield from ()


@cmdlet("Invoke-Expression", "Command:0:pipe", aliases="iex")
def invoke_expression(call: Call) -> Iterator[Value]:
    """Run text as a script."""
    from localazure.guests.windows.powershell.parse import parse  # noqa: PLC0415 - used here alone
    from localazure.guests.windows.powershell.values import ScriptBlock  # noqa: PLC0415 - used here alone

    tree, source = parse(call.text("Command"))
    yield from call.shell.run_block(ScriptBlock(tree.root_node, source, call.text("Command")))


@cmdlet("Invoke-Command", "ScriptBlock:0 ArgumentList:a=Args ComputerName NoNewScope:switch", aliases="icm")
def invoke_command(call: Call) -> Iterator[Value]:
    """Run a script block here; there is no other computer to run it on."""
    from localazure.guests.windows.powershell.functions import call_block  # noqa: PLC0415 - mutual
    from localazure.guests.windows.powershell.pipelines import Arguments  # noqa: PLC0415 - mutual

    if call.has("ComputerName") and call.text("ComputerName").lower() not in (
        "localhost",
        ".",
        call.machine.computer_name.lower(),
    ):
        raise call.fail("There is no other computer.")
    words: list[tuple[str | None, Value]] = [(None, one) for one in to_list(call.get("ArgumentList"))]
    yield from call_block(call.shell, call.block("ScriptBlock"), Arguments(words=words), None, dotted=False)


@cmdlet("Measure-Command", "Expression:0")
def measure_command(call: Call) -> Iterator[Value]:
    """Tell how long something took."""
    began = call.shell.now()
    list(call.shell.run_block(call.block("Expression")))
    yield call.shell.now() - began


@cmdlet("Set-Alias", "Name:0 Value:1 Scope Option Force:switch", aliases="sal")
@cmdlet("New-Alias", "Name:0 Value:1 Scope Option Force:switch", aliases="nal")
def set_alias(call: Call) -> Iterator[Value]:
    """Give a command another name."""
    from localazure.guests.windows.powershell.functions import read_block  # noqa: PLC0415 - mutual
    from localazure.guests.windows.powershell.parse import parse  # noqa: PLC0415 - used here alone

    tree, _ = parse(f"& '{call.text('Value')}' @args")
    call.shell.scope.functions[call.text("Name")] = read_block(call.shell, call.text("Name"), tree.root_node)
    yield from ()


@cmdlet("Get-Host", "")
def get_host(call: Call) -> Iterator[Value]:
    """Tell about the host program."""
    yield call.shell.read("Host")


@cmdlet("New-Guid", "")
def new_guid(call: Call) -> Iterator[Value]:
    """Make a GUID."""
    from localazure.guests.windows.powershell.statics import static_method  # noqa: PLC0415 - used here alone

    yield static_method(call.shell, "guid", "newguid", [])


@cmdlet(
    "Start-Transcript", "Path:0 Append:switch Force:switch NoClobber:switch IncludeInvocationHeader:switch"
)
@cmdlet("Stop-Transcript", "")
def transcript(call: Call) -> Iterator[Value]:
    """A transcript goes to a file nobody reads here: only its begin is written."""
    if call.has("Path"):
        path = call.machine.files.resolve(call.text("Path"), call.shell.directory)
        call.machine.files.write_text(path, "Windows PowerShell transcript start\r\n")
    yield from ()


__all__ = ["to_int"]
