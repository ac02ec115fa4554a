"""powershell.exe: its command line, and how its streams look to whoever started it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

from localazure.guests.windows.powershell import clixml
from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.display import Renderer
from localazure.guests.windows.powershell.errors import ExitSignal, KilledError, PSError, Signal, not_found
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.shell import Shell
from localazure.guests.windows.powershell.streams import Streams
from localazure.guests.windows.powershell.values import CaseDict, Value
from localazure.guests.windows.programs import Run, program, quoted

_WITH_VALUE = (
    "executionpolicy",
    "ex",
    "ep",
    "inputformat",
    "outputformat",
    "windowstyle",
    "version",
    "configurationname",
)
_ALONE = ("noprofile", "nop", "noninteractive", "noni", "nologo", "noexit", "sta", "mta")


class Options:
    """The command line."""

    def __init__(self, words: list[str]) -> None:
        self.script: str | None = None
        self.file: str | None = None
        self.arguments: list[str] = []
        self.encoded = False
        self.from_stdin = False
        rest = list(words)
        while rest:
            word = rest.pop(0)
            name = word.lstrip("-/").lower() if word[:1] in "-/" else ""
            if name and any(known.startswith(name) for known in _ALONE):
                continue
            if (name and name in _WITH_VALUE) or (
                name and len(name) > 2 and any(k.startswith(name) for k in _WITH_VALUE)
            ):
                del rest[:1]
            elif name and ("encodedcommand".startswith(name) or name == "ec"):
                self._decode(rest.pop(0) if rest else "")
            elif name and "file".startswith(name):
                self.file, self.arguments, rest = (rest[0] if rest else ""), rest[1:], []
            elif name and "command".startswith(name):
                self._command(rest)
                rest = []
            elif word == "-":
                self.from_stdin = True
            elif name:
                raise ModelGap(f"the parameter {word} of powershell.exe")
            else:
                self._command([word, *rest])
                rest = []
        self.from_stdin = self.from_stdin or (self.script is None and self.file is None)

    def _decode(self, text: str) -> None:
        self.encoded = True
        try:
            self.script = base64.b64decode(text, validate=True).decode("utf-16-le")
        except ValueError:
            raise PSError(
                "Cannot process the command because the value specified with -EncodedCommand is not properly encoded."
            ) from None

    def _command(self, rest: list[str]) -> None:
        self.from_stdin = rest == ["-"]
        self.script = None if self.from_stdin else " ".join(rest)


@program("powershell")
def powershell(run: Run) -> int:
    """Run a script and say how it went."""
    try:
        options = Options(run.arguments)
    except PSError as error:
        run.err(error.message)
        return 1
    errors: list[str] = []
    shell = Shell(run.machine, run.process, _streams(run, errors, as_xml=options.encoded))
    try:
        return _run(shell, run, options)
    finally:
        if errors:
            run.err(clixml.HEAD.rstrip("\r\n"))
            run.err(clixml.document(errors))


def _streams(run: Run, errors: list[str], *, as_xml: bool) -> Streams:
    def line_of(stream: str, plain: Callable[[str], None]) -> Callable[[str], None]:
        return lambda text: errors.append(clixml.entry(stream, text)) if as_xml else plain(text)

    def error(failure: PSError) -> None:
        for text in failure.lines():
            line_of("Error", run.err)(text)

    return Streams(
        error=error,
        warning=line_of("Warning", lambda text: run.out(f"WARNING: {text}")),
        verbose=line_of("verbose", lambda text: run.out(f"VERBOSE: {text}")),
        host=run.out,
        native_error=run.err,
    )


def _run(shell: Shell, run: Run, options: Options) -> int:
    renderer = Renderer()
    try:
        for value in _values(shell, run, options):
            for line in renderer.one(value):
                run.out(line)
    except ExitSignal as signal:
        _flush(renderer, run)
        return signal.status
    except KilledError:
        raise
    except ModelGap as gap:
        _flush(renderer, run)
        run.machine.unknown.append(gap.what)
        error = not_found(gap.what) if gap.words else PSError(str(gap), kind="System.NotImplementedException")
        error.message, error.position = str(gap), shell.position
        shell.streams.error(error)
        return 1
    except PSError as error:
        _flush(renderer, run)
        error.position = error.position or shell.position
        shell.streams.error(error)
        return 1
    except Signal:
        pass
    _flush(renderer, run)
    if options.file is not None:
        return 0
    return 0 if shell.read("?") else 1


def _flush(renderer: Renderer, run: Run) -> None:
    for line in renderer.end():
        run.out(line)


def _values(shell: Shell, run: Run, options: Options) -> Iterator[Value]:
    if options.file is not None:
        yield from _of_file(shell, run, options)
        return
    script = options.script
    if options.from_stdin:
        script = run.process.stdin.read(run.process.killed).decode("utf-8", "replace")
    yield from shell.run_script(script or "")


def _of_file(shell: Shell, run: Run, options: Options) -> Iterator[Value]:
    path = shell.machine.files.resolve(options.file or "", shell.directory)
    if not shell.machine.files.is_file(path):
        run.err(
            f"The argument '{options.file}' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter."
        )
        raise ExitSignal(-196608)
    named, rest = CaseDict(), list[Value]()
    words = list(options.arguments)
    while words:
        word = words.pop(0)
        if word.startswith("-") and len(word) > 1 and not word[1].isdigit():
            name, colon, value = word[1:].partition(":")
            named[name] = (
                value if colon else (words.pop(0) if words and not words[0].startswith("-") else True)
            )
        else:
            rest.append(word)
    shell.globals.variables["PSScriptRoot"] = path.rpartition("\\")[0]
    shell.globals.variables["PSCommandPath"] = path
    yield from shell.run_script(shell.machine.files.read_text(path), named, rest)


__all__ = ["powershell", "quoted", "to_string"]
