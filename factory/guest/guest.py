"""The door to a guest: the only way in which the factory touches a running machine."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from factory.errors import RemoteError
from factory.guest.command import Command, Output, sh_script


class Guest(Protocol):
    """A machine in which commands are run as root. Tests put a scripted one in its place."""

    @property
    def name(self) -> str:
        """What errors and logs call the machine."""

    async def run(self, command: Command) -> Output:
        """Run a command and return what it left, whatever its exit status.

        Raises DeadlineExceeded when it takes longer than its timeout and ConnectionLost when the machine
        goes away; after either this door is shut.
        """

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file, owned by root, replacing what was there; the directory must exist."""


@runtime_checkable
class BatchGuest(Guest, Protocol):
    """A guest whose round trips are so dear that many commands go as one."""

    async def run_batch(self, commands: Sequence[Command], *, last: bool) -> list[Output]:
        """Run all in order; see `run_all`."""


async def run_all(guest: Guest, commands: Sequence[Command], *, last: bool = False) -> list[Output]:
    """Run commands in order, whatever their exit status, and return what each left.

    With `last` they may destroy the way in: nothing is asked of the guest afterwards.
    """
    if isinstance(guest, BatchGuest):
        return await guest.run_batch(commands, last=last)
    return [await guest.run(command) for command in commands]


async def put_in_pieces(guest: Guest, path: str, content: bytes, mode: int, piece: int) -> None:
    """Write a file by the guest's shell, so many bytes a command; it is renamed when it is whole."""
    await run_checked(guest, sh_script('umask 077; : > "$1.part"', path))
    for start in range(0, len(content), piece):
        await run_checked(guest, sh_script('cat >> "$1.part"', path, stdin=content[start : start + piece]))
    install = 'chown 0:0 "$1.part" && chmod "$2" "$1.part" && mv -f "$1.part" "$1"'
    await run_checked(guest, sh_script(install, path, f"{mode:o}"))


async def run_checked(guest: Guest, command: Command) -> Output:
    """Run a command that has to succeed: RemoteError when it does not."""
    output = await guest.run(command)
    if output.status != 0:
        raise RemoteError(guest.name, str(command), output.status, "" if command.sensitive else output.stderr)
    return output
