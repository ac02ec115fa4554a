# ruff: noqa: N818  A name says what happened, as in factory/errors.py.
"""What can go wrong between the factory and a Windows guest, beside what guests have in common."""

from factory.errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    GuestError,
    LoginRefused,
    Unreachable,
)

AGAIN = "the clone is thrown away, run again"


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
            remedy="compare the clocks of worker and guest; a listener of its own is used as it is: renew "
            "its certificate on the source, or remove it there, and the factory makes one",
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
        super().__init__(
            host,
            f"WinRM refuses {what!r}: {reason} (code {code})",
            remedy="look into the guest's event log Microsoft-Windows-WinRM/Operational for this time",
        )
        self.what, self.code, self.reason = what, code, reason


class WinRmConnectionLost(ConnectionLost):
    """As ConnectionLost; `alive` says whether the machine still answers on the port."""

    def __init__(self, host: str, command: str, reason: str, *, alive: bool) -> None:
        if alive:
            told = "the machine still answers"
            remedy = (
                "look for what cuts connections between the worker and the build subnet (firewall, NAT, "
                "gateway), or restarts the machine or its WinRM service"
            )
        else:
            told = "the machine does not answer any more"
            remedy = "look at the clone's boot diagnostics: it crashed, was stopped, or its network went"
        super().__init__(host, command, f"{reason}; {told}", remedy=f"{remedy}; {AGAIN}")
        self.alive, self.cause = alive, reason


def winrm_is_off(host: str) -> ConnectionRefused:
    """The machine answers, and nothing listens there."""
    return ConnectionRefused(
        host,
        "nothing listens on this port: WinRM is off",
        remedy="look for what stops the WinRM service, its listener or its firewall rule in the machine (a "
        f"script of the recipe, a hardening policy); {AGAIN}",
    )


def not_reached(host: str, reason: str) -> Unreachable:
    """No answer at all."""
    return Unreachable(
        host,
        f"cannot be reached: {reason}",
        remedy="look at the clone's boot diagnostics, and at security groups, routes and firewalls between "
        "the worker and the build subnet",
    )


def too_long(host: str, what: str, seconds: float) -> DeadlineExceeded:
    """A command outlived its deadline, and was ended."""
    return DeadlineExceeded(
        host,
        what,
        seconds,
        remedy="look what it waits for (a window, a question, another installer), or give it longer by the "
        "recipe's deadlines",
    )


def of_delegation(host: str, user: str, said: str) -> LoginRefused:
    """What CredSSP ended in: it is not offered, or the password is not believed."""
    if "available authentication method" not in said:
        return login_refused(host, user, "credssp")
    return LoginRefused(
        host,
        "the machine does not offer credssp",
        remedy="Enable-WSManCredSSP -Role Server there, or log in with ntlm",
    )


def login_refused(host: str, user: str, auth: str) -> LoginRefused:
    """The machine does not believe who we are."""
    if auth == "certificate":
        return LoginRefused(
            host,
            f"the machine refuses the client certificate of {user!r}",
            remedy="its issuer must be in Cert:\\LocalMachine\\Root, Service\\Auth\\Certificate true, and a "
            "mapping in WSMan:\\localhost\\ClientCertificate must have its user and the password of today",
        )
    shown = "the ticket" if auth == "kerberos" else "the password"
    return LoginRefused(
        host,
        f"the machine refuses {shown} of {user!r} ({auth})",
        remedy="look for what changes, disables or locks local accounts in it (a script of the recipe, a "
        f"policy, LAPS), and whether its WinRM service takes {auth}",
    )


def no_administrator(host: str, user: str, reason: str) -> LoginRefused:
    """The machine knows us, and does not let us."""
    return LoginRefused(
        host,
        f"{user!r} is known and may not use WinRM: {reason}",
        remedy="he must be one of the Administrators, and LocalAccountTokenFilterPolicy must be 1: a policy "
        "may set it back",
    )
