"""A guest without a network path: Run Command carries commands in, the serial log carries evidence out.

Run Command takes seconds and brings back 4096 bytes of each stream, so commands go in as batches and what
they left comes back packed, in slices. It also needs the agent. The last batch of all, which takes the agent
away, runs in a root unit of its own that nobody waits for: it prints what it left to the serial console,
between marks that nobody can guess, twice and with a checksum a line, because kernel messages fall into it.
"""

import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from factory.azure import machines, run_commands
from factory.azure.client import Azure
from factory.azure.run_commands import RunCommandResult
from factory.clock import Clock, SystemClock
from factory.errors import DeadlineExceeded, ExtensionFailed, FactoryError, RemoteError
from factory.guest.command import SECOND, Command, Output, sh_script
from factory.guest.guest import put_in_pieces
from factory.remote.batch import batch_script, in_words, unpack

SLICE = 3800
"""Characters of packed output in each stream of one Run Command: below Azure's 4096 with the header."""
LAUNCH_GRACE = 20
"""Seconds that the last batch waits before it begins, so that the agent can report that it was launched."""
POLL_SECONDS = 3 * SECOND
ALL_LINES = 100_000
LONGEST = timedelta(minutes=90)
"""Azure lets no Run Command run longer."""
PUT_CHUNK = 64 * 1024

_RUN = """
umask 077
d=$(mktemp -d /run/golden-XXXXXXXX)
printf %s "$1" | base64 -d | gunzip > "$d/script"
( d="$d"; . "$d/script" ) > "$d/log" 2>&1
echo "@@ $d $(wc -c < "$d/packed") $(cksum < "$d/packed" | cut -d' ' -f1)"
head -c "$2" "$d/packed"
tail -c +$(($2 + 1)) "$d/packed" | head -c "$2" >&2
"""

_SLICES = """
tail -c +$(($2 + 1)) "$1/packed" | head -c "$3"
tail -c +$(($2 + $3 + 1)) "$1/packed" | head -c "$3" >&2
"""

_LAUNCH = r"""
umask 077
d=$(mktemp -d /run/golden-XXXXXXXX)
printf %s "$1" | base64 -d | gunzip > "$d/script"
cat > "$d/unit" <<'END'
d=$1 mark=$2
sleep "$3"
( . "$d/script" ) > "$d/log" 2>&1
for console in /dev/ttyS0 /dev/console; do
    [ -c "$console" ] && ( : > "$console" ) 2> /dev/null && break
done
fold -w 76 "$d/packed" > "$d/lines"; echo >> "$d/lines"
total=$(grep -c . "$d/lines")
for round in 1 2; do
    number=0
    while read -r line; do
        number=$((number + 1))
        sum=$(printf %s "$mark$number/$total$line" | gzip -c | tail -c 8 | od -An -tx4 -N4 | tr -d ' ')
        printf '\n@%s %s/%s %s %s\n' "$mark" "$number" "$total" "$line" "$sum" >> "$console"
    done < "$d/lines"
done
END
if command -v systemd-run > /dev/null; then
    systemd-run --quiet --collect --unit="golden-$2" /bin/sh "$d/unit" "$d" "$2" "$3"
else
    setsid nohup /bin/sh "$d/unit" "$d" "$2" "$3" < /dev/null > /dev/null 2>&1 &
fi
echo "@@ launched"
"""


class Carrier(Protocol):
    """What carries: a test puts another in Azure's place."""

    async def run(self, script: str, *, deadline: timedelta, keep: bool) -> RunCommandResult:
        """Run a script as root; see `run_commands.run_command`."""

    async def serial_log(self) -> str:
        """Read what the machine has written to its serial console."""


@dataclass(frozen=True)
class AzureCarrier:
    """Azure's Run Command and boot diagnostics."""

    azure: Azure
    machine_id: str
    tags: Mapping[str, str]

    async def run(self, script: str, *, deadline: timedelta, keep: bool) -> RunCommandResult:
        """Run a script as root, by a command that is made for it."""
        return await run_commands.run_command(
            self.azure,
            self.machine_id,
            name=f"golden-{secrets.token_hex(4)}",
            script=script,
            deadline=deadline,
            tags=self.tags,
            keep=keep,
        )

    async def serial_log(self) -> str:
        """Read the serial log as far as Azure hands it out."""
        return await machines.serial_log(self.azure, self.machine_id, lines=ALL_LINES)


class CarriedGuest:
    """A guest behind Run Command. Root from the start: no account and no key of ours is ever in it."""

    def __init__(
        self, name: str, carrier: Carrier, *, evidence_deadline: timedelta, clock: Clock | None = None
    ) -> None:
        self._name = name
        self._carrier = carrier
        self._evidence_deadline = evidence_deadline
        self._clock = clock or SystemClock()

    @property
    def name(self) -> str:
        """The VM's name, for errors and logs."""
        return self._name

    async def run(self, command: Command) -> Output:
        """Run one command; see `Guest.run`."""
        return (await self.run_batch([command], last=False))[0]

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file; see `Guest.put`. A Run Command for each 64 KiB: not the way for big files."""
        await put_in_pieces(self, path, content, mode, PUT_CHUNK)

    async def run_batch(self, commands: Sequence[Command], *, last: bool) -> list[Output]:
        """Run commands in order; with `last` in a unit that outlives the agent, read by the serial log.

        Raises DeadlineExceeded, RemoteError when what came back is not whole, and AzureError.
        """
        bound = min(LONGEST, timedelta(seconds=sum(command.timeout for command in commands)))
        words = in_words(batch_script(commands)).strip("'")
        packed = await (self._evidence(words) if last else self._packed(words, bound))
        try:
            return unpack(packed, len(commands))
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise RemoteError(self.name, "(batch)", 0, f"what came back is not whole: {error}") from error

    async def _packed(self, words: str, bound: timedelta) -> str:
        output, more = await self._carry(sh_script(_RUN, words, str(SLICE)), bound)
        header, _, first = output.partition("\n")
        found = re.fullmatch(r"@@ (\S+) (\d+) (\d+)", header.strip())
        if not found:
            raise RemoteError(self.name, "(batch)", 0, f"unexpected answer: {header[:200]}")
        directory, size = found.group(1), int(found.group(2))
        slices = [first, more]
        for start in range(2 * SLICE, size, 2 * SLICE):
            slices += await self._carry(sh_script(_SLICES, directory, str(start), str(SLICE)), bound)
        packed = "".join(slices)
        await self._carry(sh_script('rm -rf -- "$1"', directory), bound)
        if len(packed) != size:
            raise RemoteError(self.name, "(batch)", 0, f"{len(packed)} of {size} characters came back")
        return packed

    async def _carry(self, command: Command, bound: timedelta, *, keep: bool = False) -> tuple[str, str]:
        result = await self._carrier.run(command.line, deadline=bound, keep=keep)
        if result.state == "TimedOut":
            raise DeadlineExceeded(self.name, "a batch of commands", bound.total_seconds())
        return result.checked(), result.error

    async def _evidence(self, words: str) -> str:
        mark = secrets.token_hex(8)
        launch = sh_script(_LAUNCH, words, mark, str(LAUNCH_GRACE))
        try:
            await self._carry(launch, timedelta(minutes=2), keep=True)
        except ExtensionFailed:
            raise
        except FactoryError:
            pass  # the agent may be gone before it reported: the serial log tells
        deadline = self._clock.monotonic() + self._evidence_deadline.total_seconds()
        lines: dict[int, str] = {}
        while True:
            log = await self._carrier.serial_log()
            found, total = find_lines(log, mark)
            lines.update(found)
            if total and len(lines) == total:
                return "".join(lines[number] for number in sorted(lines))
            if self._clock.monotonic() > deadline:
                seen = f"{len(lines)} of {total or 'unknown'} lines of evidence in the serial log"
                seconds = self._evidence_deadline.total_seconds()
                raise DeadlineExceeded(self.name, "generalizing without a path", seconds, last_state=seen)
            await self._clock.sleep(POLL_SECONDS)


def find_lines(log: str, mark: str) -> tuple[dict[int, str], int]:
    """The whole lines of evidence in a serial log by number, and how many there must be (0: not known)."""
    lines, total = {}, 0
    for number, of, data, checksum in re.findall(
        rf"@{mark} (\d+)/(\d+) ([A-Za-z0-9+/=]+) ([0-9a-f]{{8}})", log
    ):
        expected = zlib.crc32(f"{mark}{number}/{of}{data}".encode())
        if int(checksum, 16) == expected:
            lines[int(number)], total = data, int(of)
    return lines, total
