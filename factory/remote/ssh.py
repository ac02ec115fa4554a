"""A root shell over SSH, and whether a login is still possible.

paramiko blocks, so every call runs in a daemon thread of its own whose deadline closes the socket: no thread
of a pool is held, and a cancelled run does not wait for a machine that no longer answers.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from factory.guest.command import Command, Output
from factory.remote.keys import HostKeys, KeyPair


@dataclass(frozen=True)
class Login:
    """Where and as whom; `host_keys` are the only ones accepted. Seconds throughout.

    `deadline` bounds all attempts to connect together. Refused logins are retried only for `login_grace`, for
    machines whose provisioning is still writing authorized_keys.
    """

    host: str
    user: str
    key: KeyPair
    host_keys: HostKeys
    port: int = 22
    deadline: float = 300
    login_grace: float = 60


class SshGuest:
    """A guest behind one SSH channel that runs one root shell for as long as the context is open."""

    def __init__(self, login: Login) -> None:
        self.login = login

    @property
    def name(self) -> str:
        """user@host:port, for errors and logs."""
        return f"{self.login.user}@{self.login.host}:{self.login.port}"

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def run(self, command: Command) -> Output:
        """Run a command in the root shell; see `Guest.run`."""
        raise NotImplementedError

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file; see `Guest.put`."""
        raise NotImplementedError


async def try_login(login: Login) -> bool:
    """Whether the machine lets this user in with this key: False only when the machine itself refused."""
    raise NotImplementedError
