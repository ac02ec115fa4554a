"""Many commands through one shell: how they are framed on its stdin, and found again in its output.

A POSIX shell that reads its script from stdin runs a command as soon as it has read it, so one process can be
kept and fed. Each command gets marks that nobody can guess, printed around its output on both streams: what
a program prints, left-overs of a background process included, is never mistaken for the shell's own word. The
marks and stdin are never arguments of a process, so no other user of the guest sees them.
"""

import base64
import re
import secrets
from dataclasses import dataclass, field

from factory.guest.command import Command, Output

PREAMBLE = b"""trap '' HUP
cd /
umask 022
unset HISTFILE
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
"""
"""Sent first. A hang-up must not stop half-done work; the user's home, where it starts, will vanish."""

OUTPUT_CAP = 256 * 1024
"""Bytes of each stream that are kept, half from either end: a package upgrade may print megabytes."""

_SKIPPED = "-"
_STRAY = 1024


@dataclass
class _Stream:
    """One stream: what lies between the marks, without ever holding much more than the cap."""

    mark: bytes
    cap: int
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    dropped: int = 0
    word: str | None = None
    _pending: bytearray = field(default_factory=bytearray)
    _begun: bool = False

    def feed(self, data: bytes) -> None:
        if self.word is not None:
            return  # what comes after the end belongs to nobody
        self._pending += data
        if not self._begun:
            begin = b"<" + self.mark
            at = self._pending.find(begin)
            if at < 0:
                del self._pending[:-_STRAY]
                return
            del self._pending[: at + len(begin)]
            self._begun = True
        self._scan()

    def _scan(self) -> None:
        end = b">" + self.mark
        at = self._pending.find(end)
        if at >= 0:
            found = re.match(rb"([^;]*);", bytes(self._pending[at + len(end) :]))
            if found:
                self._keep(bytes(self._pending[:at]))
                self.word = found.group(1).decode("ascii", "replace")
            return
        safe = len(self._pending) - len(end)
        if safe > 0:
            self._keep(bytes(self._pending[:safe]))
            del self._pending[:safe]

    def _keep(self, data: bytes) -> None:
        room = self.cap // 2 - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        self.tail += data
        excess = len(self.tail) - self.cap // 2
        if excess > 0:
            del self.tail[:excess]
            self.dropped += excess

    def stray(self) -> str:
        """The last that came while nothing of the command had begun."""
        return "" if self._begun else self._pending.decode("utf-8", "replace")

    def text(self) -> str:
        gap = f"\n… {self.dropped} bytes left out …\n".encode() if self.dropped else b""
        return bytes(self.head + gap + self.tail).decode("utf-8", "replace")


class Frame:
    """One command on its way through the shell: what to send, and what came back so far."""

    def __init__(self, command: Command, *, mark: str | None = None, cap: int = OUTPUT_CAP) -> None:
        self.command = command
        self._mark = mark or secrets.token_hex(16)
        self._stdout = _Stream(self._mark.encode(), cap)
        self._stderr = _Stream(self._mark.encode(), cap)

    def request(self) -> bytes:
        """What the shell has to read. The subshell keeps a command from ending or changing the shell."""
        source = f"printf %s {_base64(self.command.stdin)} | base64 -d |" if self.command.stdin else ""
        stdin = "" if self.command.stdin else " </dev/null"
        guard = f"( {self.command.guard} ) >/dev/null 2>&1 </dev/null" if self.command.guard else ":"
        lines = (
            f"printf '<%s' {self._mark}; printf '<%s' {self._mark} >&2",
            f"if {guard}; then {source} ( {self.command.line} ){stdin}; s=$?; else s={_SKIPPED}; fi",
            f"""printf '>%s%s;\\n' {self._mark} "$s"; printf '>%s;\\n' {self._mark} >&2""",
        )
        return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")

    def feed_stdout(self, data: bytes) -> None:
        """Take what the shell printed."""
        self._stdout.feed(data)

    def feed_stderr(self, data: bytes) -> None:
        """Take what the shell printed to its error stream."""
        self._stderr.feed(data)

    @property
    def complete(self) -> bool:
        """Both streams are past the end mark."""
        return self._stdout.word is not None and self._stderr.word is not None

    @property
    def complaint(self) -> str:
        """The last line on the error stream where the shell itself never came to the command."""
        return (self._stderr.stray().strip().splitlines() or [""])[-1]

    def output(self) -> Output:
        """What the command left; ValueError before the frame is complete."""
        if self._stdout.word is None or self._stderr.word is None:
            raise ValueError(f"{self.command}: has not ended")
        if self._stdout.word == _SKIPPED:
            return Output(status=0, skipped=True)
        return Output(int(self._stdout.word), self._stdout.text(), self._stderr.text())


def _base64(data: bytes) -> str:
    """Safe in a shell as it is; `printf` is the shell's own, so this is no argument of any process."""
    return base64.b64encode(data).decode("ascii")
