"""Where a Windows guest is, as whom to log in, and by which certificate it is known."""

import socket
from dataclasses import dataclass, field
from typing import Literal

from pydantic import SecretStr

from factory.errors import InvalidInput
from factory.remote.pinning import Pin
from factory.remote.winrm_errors import not_reached, winrm_is_off

Auth = Literal["ntlm", "kerberos", "credssp", "basic", "certificate"]
KNOCK_SECONDS = 5.0


@dataclass(frozen=True)
class WinRmLogin:
    """Where and as whom; `pin` is the only certificate accepted. Seconds throughout.

    `deadline` bounds all attempts to connect together; refused logins are retried only for `login_grace`.
    `client_certificate` are the paths of a PEM certificate and its key, for the auth of that name.
    """

    host: str
    user: str
    password: SecretStr = field(repr=False)
    pin: Pin = field(repr=False)
    port: int = 5986
    auth: Auth = "ntlm"
    scheme: str = "https"
    client_certificate: tuple[str, str] | None = None
    deadline: float = 300
    login_grace: float = 60

    @property
    def name(self) -> str:
        """user@host:port, for errors and logs."""
        return f"{self.user}@{self.host}:{self.port}"

    @property
    def endpoint(self) -> str:
        """The address of the service. InvalidInput without TLS: nothing to pin, and Basic is plain."""
        if self.scheme != "https":
            raise InvalidInput(
                f"{self.name}: WinRM over {self.scheme} is refused, with {self.auth} authentication too",
                remedy="use HTTPS on port 5986; the guest makes its own certificate",
            )
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}/wsman"


def is_open(host: str, port: int) -> bool:
    """Whether anything listens there. Blocks for some seconds at most."""
    try:
        socket.create_connection((host, port), timeout=KNOCK_SECONDS).close()
    except OSError:
        return False
    return True


def knock(login: WinRmLogin) -> None:
    """See that something listens, before pywinrm waits for it. ConnectionRefused or Unreachable."""
    try:
        socket.create_connection((login.host, login.port), timeout=KNOCK_SECONDS).close()
    except ConnectionRefusedError as error:
        raise winrm_is_off(login.name) from error
    except OSError as error:
        raise not_reached(login.name, str(error)) from error
