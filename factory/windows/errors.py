# ruff: noqa: N818  A name says what happened, as in factory/errors.py.
"""What can go wrong with a Windows guest, beside what guests have in common."""

from factory.errors import FactoryError, RemoteError


class SysprepFailed(FactoryError):
    """Sysprep did not generalize the guest: it failed, hung, or was not seen any more.

    `state` says which. `causes` are the known failures in this run's part of the log, `lines` the lines
    that show them, or the last errors where none is known. The clone is thrown away; the source runs.
    """

    def __init__(
        self, machine: str, state: str, reason: str, *, causes: list[str], lines: list[str], remedy: str
    ) -> None:
        why = "; ".join(causes) if causes else " | ".join(lines[-3:]) or "its log has no error"
        super().__init__(f"{machine}: Sysprep {state}: {reason}: {why}", remedy=remedy)
        self.machine, self.state, self.reason = machine, state, reason
        self.causes, self.lines = causes, lines


class Restarted(RemoteError):
    """The machine was restarted while a command ran in it, whose end is therefore not known."""

    def __init__(self, machine: str, command: str) -> None:
        super().__init__(
            machine,
            command,
            None,
            "the machine restarted while this ran",
            remedy="keep the script from restarting the machine (/norestart, exit 3010), and restart it in a "
            "step of its own with reboot: true; the source was not touched",
        )


class UpdatesFailed(FactoryError):
    """Windows Update could not install everything; `updates` are the titles of those that failed."""

    def __init__(self, machine: str, reason: str, updates: list[str]) -> None:
        super().__init__(
            f"{machine}: Windows Update failed: {reason}"
            + (f": {'; '.join(updates[:3])}" if updates else ""),
            remedy="install these updates on the source, or let the recipe do without upgrade_packages",
        )
        self.machine, self.reason, self.updates = machine, reason, updates
