# ruff: noqa: N818  A name says what happened, as in factory/errors.py.
"""What can go wrong between the factory and a Windows guest, beside what guests have in common."""

from factory.errors import ConnectionLost, GuestError


class CertificateMismatch(GuestError):
    """The guest shows another certificate than the one that was made in it: never accepted."""

    def __init__(self, host: str, expected: str, found: str | None) -> None:
        shown = found or "one that could not be read"
        super().__init__(
            host,
            f"the certificate is {shown}, not {expected} as read from the machine through Azure",
            remedy="make sure that nothing else answers there; no other certificate is ever accepted",
        )
        self.expected, self.found = expected, found


class CertificateExpired(GuestError):
    """The guest's certificate is the right one, and not valid at this time."""

    def __init__(self, host: str, expires: str) -> None:
        super().__init__(
            host,
            f"the certificate is not valid now (it ends {expires})",
            remedy="compare the clocks of worker and guest, or open the machine again for a new certificate",
        )
        self.expires = expires


class ShellQuota(GuestError):
    """WinRM refuses another shell or operation: a limit of the guest's is reached."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            host,
            f"WinRM refuses another shell: {reason}",
            remedy="end the other sessions of this user (they time out after two hours), or raise "
            "MaxShellsPerUser under WSMan:\\localhost\\Shell",
        )
        self.reason = reason


class WinRmFault(GuestError):
    """WinRM answered with a fault of its own; `code` is its number."""

    def __init__(self, host: str, what: str, code: int | None, reason: str) -> None:
        super().__init__(host, f"WinRM refuses {what!r}: {reason} (code {code})")
        self.what, self.code, self.reason = what, code, reason


class WinRmConnectionLost(ConnectionLost):
    """As ConnectionLost; `alive` says whether the machine still answers on the port."""

    def __init__(self, host: str, command: str, reason: str, *, alive: bool) -> None:
        told = "the machine still answers" if alive else "the machine does not answer any more"
        super().__init__(host, command, f"{reason}; {told}")
        self.alive = alive
