"""What a person sees: one console, one way to show trouble."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

LOG_WIDTH = 160
"""Where output goes to a file or a pipe, nobody resizes a window: lines stay whole."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else LOG_WIDTH)
errors = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else LOG_WIDTH)


MOST_FINDINGS = 12


class Trouble(Exception):  # noqa: N818 - a name says what happened, as in factory.errors
    """Something that the user must know, with what to do about it."""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


@contextmanager
def one_clear_error() -> Iterator[None]:
    """Show an expected failure as a sentence and a remedy, with exit status 1; a bug keeps its traceback."""
    from factory.errors import FactoryError  # noqa: PLC0415 - the command line starts fast without it

    try:
        yield
    except (Trouble, FactoryError) as error:
        show_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("interrupted")
        sys.exit(130)


def show_error(error: BaseException) -> None:
    """A failure and its remedy, on standard error."""
    remedy = getattr(error, "remedy", None)
    text = str(getattr(error, "headline", None) or getattr(error, "message", error))
    errors.print(f"[bold red]error:[/] {_plain(text)}", soft_wrap=True)
    findings = getattr(error, "findings", [])
    for finding in findings[:MOST_FINDINGS] if len(findings) > 1 else []:
        errors.print(f"  - {_plain(finding)}", soft_wrap=True)
    if getattr(error, "serial_log", ""):
        errors.print("last lines of the serial log:")
        errors.print(_plain(str(error.serial_log)), style="dim")  # type: ignore[attr-defined]  # asked above
    for note in getattr(error, "__notes__", []):
        errors.print(f"[bold]note:[/] {_plain(note)}", soft_wrap=True)
    if remedy:
        errors.print(f"[bold]remedy:[/] {_plain(remedy)}")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
