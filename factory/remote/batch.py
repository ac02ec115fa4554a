"""Many commands as one script, what they left as one text: for ways into a guest that are slow and narrow.

The script runs the commands one after the other, each in a subshell of its own with its output in files that
are not on a disk, and packs the ends of what they printed. Nothing of it survives a restart.
"""

import base64
import gzip
import shlex
from collections.abc import Sequence

from factory.guest.command import Command, Output
from factory.guest.root_shell import PREAMBLE

CAP = 16 * 1024
"""Bytes of each stream that are kept from either end."""

_SKIPPED = "-"

_KEEP = r"""
keep() {
    if [ "$(wc -c < "$1")" -gt $((2 * cap)) ]; then
        head -c "$cap" "$1"; printf '\n… left out …\n'; tail -c "$cap" "$1"
    else
        cat "$1"
    fi > "$1.kept"
}
"""

_PACK = r"""
number=0
while [ "$number" -lt "$count" ]; do
    keep "$d/$number.out"; keep "$d/$number.err"
    echo "$(cat "$d/$number.status") $(wc -c < "$d/$number.out.kept") $(wc -c < "$d/$number.err.kept")"
    cat "$d/$number.out.kept" "$d/$number.err.kept"
    number=$((number + 1))
done | gzip -9 | base64 -w 0 > "$d/packed"
"""


def batch_script(commands: Sequence[Command]) -> str:
    """Shell text that runs the commands and packs what they left into `$d/packed`.

    Who runs it sets `$d`: an empty directory of its own.
    """
    lines = [PREAMBLE.decode(), f"cap={CAP} count={len(commands)}", _KEEP]
    lines += [_one(number, command) for number, command in enumerate(commands)]
    return "\n".join([*lines, _PACK])


def unpack(packed: str, count: int) -> list[Output]:
    """What each command left; ValueError where the text is not what `count` commands leave."""
    data = gzip.decompress(base64.b64decode(packed, validate=True))
    outputs = []
    for _ in range(count):
        header, _, data = data.partition(b"\n")
        status, out, err = header.decode("ascii").split()
        stdout, stderr, data = (
            data[: int(out)],
            data[int(out) : int(out) + int(err)],
            data[int(out) + int(err) :],
        )
        outputs.append(_output(status, stdout, stderr))
    if data:
        raise ValueError(f"{len(data)} bytes more than {count} commands leave")
    return outputs


def _one(number: int, command: Command) -> str:
    """The output of a sensitive command goes nowhere: what is packed may pass through a log."""
    files = f'"$d/{number}.out" 2> "$d/{number}.err"' if not command.sensitive else "/dev/null 2>&1"
    stdin = base64.b64encode(command.stdin).decode("ascii")
    source = f"printf %s {stdin} | base64 -d |" if command.stdin else ""
    given = "" if command.stdin else "< /dev/null"
    guard = f"( {command.guard} ) > /dev/null 2>&1 < /dev/null" if command.guard else ":"
    return "\n".join(
        (
            f': > "$d/{number}.out"; : > "$d/{number}.err"',
            f"if {guard}; then {source} ( {command.line} ) {given} > {files}; s=$?; else s={_SKIPPED}; fi",
            f'echo "$s" > "$d/{number}.status"',
        )
    )


def _output(status: str, stdout: bytes, stderr: bytes) -> Output:
    if status == _SKIPPED:
        return Output(status=0, skipped=True)
    return Output(int(status), stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))


def in_words(script: str) -> str:
    """The script as one shell word, compressed; `sh` reads it by `printf %s WORD | base64 -d | gunzip`."""
    return shlex.quote(base64.b64encode(gzip.compress(script.encode("utf-8", "surrogateescape"))).decode())
