"""cmd.exe, as far as a line of it starts programs: `&`, `&&`, `||`, redirections to nul, some built-in words."""

from __future__ import annotations

import re
from collections.abc import Callable

from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.programs import Run, find_file, program, start

_WORD = re.compile(r'[^\s"]*"[^"]*"?[^\s"]*|[^\s"]+')


def split_words(line: str) -> list[str]:
    """The words of a command line; quotes hold together and are taken off."""
    return [word.replace('"', "") for word in _WORD.findall(line)]


@program("cmd")
def cmd(run: Run) -> int:
    """Run `cmd /c LINE`."""
    found = re.match(r"\s*(?:/[dsqauv:onf]+\s+)*/[ck]\s*(.*)", run.line, re.IGNORECASE | re.DOTALL)
    if found is None:
        return 0
    line = found[1]
    if (line.startswith('"') and line.endswith('"') and line.count('"') > 2) or _whole_quoted(line):
        line = line[1:-1]
    return run_line(run, line)


def _whole_quoted(line: str) -> bool:
    return len(line) > 1 and line[0] == line[-1] == '"' and " " in line and line.count('"') == 2


def run_line(run: Run, line: str) -> int:
    """Run one line of cmd."""
    status = 0
    parts = re.split(r"(\|\||&&|&)(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", line.strip())
    operator = "&"
    for index in range(0, len(parts), 2):
        wanted = operator == "&" or (operator == "&&" and status == 0) or (operator == "||" and status != 0)
        if wanted and parts[index].strip():
            status = _one(run, parts[index].strip())
        operator = parts[index + 1] if index + 1 < len(parts) else ""
    return status


def _one(run: Run, text: str) -> int:
    text = run.process.expand(text)
    out, err = run.out, run.err
    for mark in re.findall(r"\s*[12]?>\s*(?:nul\b|&1)", text, re.IGNORECASE):
        text = text.replace(mark, "", 1)
        if mark.strip().startswith("2"):
            err = (lambda _: None) if "nul" in mark.lower() else out
        else:
            out = lambda _: None  # noqa: E731 - one of two sinks
    if ">" in re.sub(r'"[^"]*"', "", text) or "|" in re.sub(r'"[^"]*"', "", text):
        raise ModelGap(f"the line of cmd.exe '{text}'")
    words = split_words(text)
    name = words[0].lower()
    if name in _BUILT_IN:
        return _BUILT_IN[name](run, words[1:], text.partition(" ")[2], out)
    path = find_file(run.machine, run.process, words[0])
    if path is None:
        err(f"'{words[0]}' is not recognized as an internal or external command,")
        err("operable program or batch file.")
        return 1
    rest = text[len(_WORD.match(text)[0]) :].strip()  # type: ignore[index]  # there is a first word
    child = start(
        run.machine,
        run.process,
        path,
        words[1:],
        out=out,
        err=err,
        line=rest,
        stdin=run.process.stdin,
        raw_out=run.raw_out,
    )
    while not child.ended.wait(0.05):
        if run.process.killed.is_set():
            run.machine.processes.kill(child)
            return 1
    return child.exit_code or 0


def _echo(run: Run, words: list[str], rest: str, out: Callable[[str], None]) -> int:
    out(rest)
    return 0


def _exit(run: Run, words: list[str], rest: str, out: Callable[[str], None]) -> int:
    numbers = [word for word in words if not word.startswith("/")]
    return int(numbers[0]) if numbers else 0


def _type(run: Run, words: list[str], rest: str, out: Callable[[str], None]) -> int:
    path = run.machine.files.resolve(words[0], run.process.directory)
    if not run.machine.files.is_file(path):
        run.err("The system cannot find the file specified.")
        return 1
    for line in run.machine.files.read_text(path).splitlines():
        out(line)
    return 0


def _version(run: Run, words: list[str], rest: str, out: Callable[[str], None]) -> int:
    out("")
    out(f"Microsoft Windows [Version 10.0.{run.machine.os['build']}.{run.machine.os['revision']}]")
    return 0


def _change(run: Run, words: list[str], rest: str, out: Callable[[str], None]) -> int:
    if words:
        run.process.directory = run.machine.files.resolve(words[-1], run.process.directory)
    else:
        out(run.process.directory)
    return 0


def _set(run: Run, words: list[str], rest: str, out: Callable[[str], None]) -> int:
    name, mark, value = rest.partition("=")
    if mark:
        run.process.environment[name.strip()] = value
    else:
        for key, one in run.process.environment.items():
            out(f"{key}={one}")
    return 0


_BUILT_IN: dict[str, Callable[[Run, list[str], str, Callable[[str], None]], int]] = {
    "echo": _echo,
    "exit": _exit,
    "type": _type,
    "ver": _version,
    "cd": _change,
    "chdir": _change,
    "set": _set,
    "rem": lambda run, words, rest, out: 0,
}
